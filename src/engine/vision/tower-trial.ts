import type { ModelManifest } from '../../shared/model-manifest.ts'
import { patchFloats } from './patches.ts'
import type { SessionWishes } from './session-options.ts'
import type { NamedFloats } from './thread-messages.ts'
import { damaged } from './tower-files.ts'
import type { TowerForm } from './tower-form.ts'
import { type SessionShapes, TowerSession } from './tower-session.ts'

/** A session whose graph has the manifest's shapes and which has computed finite rows of a small picture once. */
export async function openTried(path: string, wishes: SessionWishes, { vision }: ModelManifest, form: TowerForm): Promise<TowerSession> {
  const { trial } = form
  const [rows, columns] = [trial.height / vision.patchSize, trial.width / vision.patchSize]
  const further = form.furtherInputs(rows, columns)
  const { session, shapes } = await TowerSession.open(path, wishes)
  try {
    checkShapes(shapes, vision, further)
    const data = Float32Array.from({ length: patchFloats(trial.width, trial.height) }, (_, i) => Math.sin(i * i))
    const { output } = await session.run([pixelsInput(data, 1, rows * columns), ...further])
    if (output.data.length !== form.tokens(trial).rows * vision.width || !output.data.every(Number.isFinite))
      throw new Error('a trial run gave wrong results')
    return session
  } catch (error) {
    await session.close()
    throw error
  }
}

/** Patches of several pictures of one size. */
export function pixelsInput(data: Float32Array<ArrayBuffer>, frames: number, patches: number): NamedFloats {
  return { name: 'pixels', dims: [frames, patches, data.length / (frames * patches)], data }
}

function checkShapes({ inputs, outputs }: SessionShapes, vision: ModelManifest['vision'], further: readonly NamedFloats[]): void {
  const expected = [
    { values: inputs, name: 'pixels', last: 3 * vision.patchSize ** 2, axes: 3 },
    ...further.map(({ name, dims }) => ({ values: inputs, name, last: dims.at(-1), axes: dims.length })),
    { values: outputs, name: 'embeddings', last: vision.width, axes: 3 },
  ]
  for (const { values, name, last, axes } of expected) {
    const value = values.find((candidate) => candidate.name === name)
    if (value?.element === 'float32' && value.dims.length === axes && value.dims.at(-1) === last) continue
    throw damaged(
      `its "${name}" is ${value ? `${value.element} [${value.dims.join(', ')}]` : 'missing'} where tarsier-model.json says float32 with ${last} in the last place`,
    )
  }
  if (inputs.length !== 1 + further.length || outputs.length !== 1) throw damaged('it has other inputs and outputs than a tower has')
}
