import { isDeepStrictEqual } from 'node:util'
import { TarsierError } from '../../shared/errors.ts'
import { readAnnotations } from '../annotations.ts'
import { type DataSet, dataSetOf, isGenerated, resolveNames } from '../datasets.ts'
import type { BrokenLine } from '../json-lines.ts'
import { movingShapesAnnotations } from '../moving-shapes/moving-shapes.ts'
import type { Prediction } from '../prediction.ts'
import type { Sample } from '../sample.ts'
import { inShard, type Shard } from './shard.ts'
import { sampleFields } from './upstream-prediction.ts'

/** Selection of samples, as given on the command line. */
export interface Selection {
  /** Groups, data sets or `all`. Defaults to `all` if empty. */
  readonly names: readonly string[]
  /** File or folder of annotations; generated data sets need none. */
  readonly annotations: string | null
  /** Maximum number of samples of each data set, taken from its beginning. */
  readonly limit?: number | undefined
  readonly shard?: Shard | undefined
}

export interface Selected {
  /** In the order of the table, with samples in annotated order. A set without samples in the shard is included, with an empty list. */
  readonly sets: readonly { readonly dataSet: DataSet; readonly samples: readonly Sample[] }[]
  readonly broken: readonly BrokenLine[]
  /** Selected data sets that do not occur in the annotations. */
  readonly absent: readonly DataSet[]
  /** Names in the annotations that match no known data set. */
  readonly unknown: readonly string[]
}

/**
 * Selects samples. Throws `usage` for unknown names and if annotations are needed but missing, `nothing-found` if they contain none of the selected
 * data sets.
 */
export async function selectSamples({ names, annotations, limit, shard }: Selection, signal: AbortSignal): Promise<Selected> {
  const wanted = resolveNames(names.length > 0 ? names : ['all'])
  const own = wanted.filter(isGenerated)
  if (annotations === null && own.length < wanted.length)
    throw new TarsierError(
      'usage',
      'No annotations given. Give their file or folder with --annotations. Only "moving-shapes" and "moving-shapes-check" need none.',
    )
  const samples = new Map<DataSet, Sample[]>()
  const broken: BrokenLine[] = []
  const unknown = new Set<string>()
  const read = async (path: string, from: readonly DataSet[]) => {
    for await (const line of readAnnotations(path, signal)) {
      if (line.kind === 'broken') {
        broken.push(line)
        continue
      }
      const set = dataSetOf(line.sample.dataset)
      if (set === null) unknown.add(line.sample.dataset.split('/', 1)[0] ?? '')
      else if (from.includes(set)) samplesOf(samples, set).push(line.sample)
    }
  }
  if (annotations !== null)
    await read(
      annotations,
      wanted.filter((set) => !own.includes(set)),
    )
  if (own.length > 0) await read(movingShapesAnnotations(), own)
  const sets = wanted.flatMap((dataSet) => {
    const all = samples.get(dataSet)
    return all ? [{ dataSet, samples: all.slice(0, limit).filter(({ key }) => shard === undefined || inShard(key, shard)) }] : []
  })
  if (sets.length === 0)
    throw new TarsierError(
      'nothing-found',
      `${annotations ?? 'The program'} contains no samples of ${wanted.map(({ name }) => name).join(', ')}${unknown.size > 0 ? ` (only of ${[...unknown].join(', ')})` : ''}. Give other annotations or other data set names.`,
    )
  const named = names.length > 0 && !names.includes('all')
  return { sets, broken, absent: named ? wanted.filter((set) => !samples.has(set)) : [], unknown: [...unknown] }
}

/**
 * Returns the samples that have no prediction yet. Throws `bench-mismatch` if a prediction was made with another prompt or reference than the
 * current annotation's.
 */
export function pendingSamples(samples: readonly Sample[], found: ReadonlyMap<string, Prediction>, directory: string): Sample[] {
  return samples.filter((sample) => {
    const there = found.get(sample.key)
    if (!there) return true
    const { prompt, begun, reference } = sampleFields(sample)
    if (isDeepStrictEqual([prompt, begun, reference], [there.prompt, there.begun, there.reference])) return false
    throw new TarsierError(
      'bench-mismatch',
      `${directory}: the annotation of "${sample.key}" has changed since its prediction was made. Use the same annotations, another --out, or --new, which moves the existing run to a backup folder.`,
    )
  })
}

function samplesOf(samples: Map<DataSet, Sample[]>, set: DataSet): Sample[] {
  const there = samples.get(set) ?? []
  samples.set(set, there)
  return there
}
