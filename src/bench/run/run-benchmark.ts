import { join, resolve } from 'node:path'
import { dataSetOf, isGenerated } from '../datasets.ts'
import { type ClipFile, clipFiles, VideoFolder } from '../locate-videos.ts'
import { moveReport } from '../report/save-report.ts'
import type { Sample } from '../sample.ts'
import type { ModelUnderTest } from './model-under-test.ts'
import { type RunEvent, runSets, type SampleSet, type SetResult } from './run-sets.ts'
import { moveToBackup } from './run-settings.ts'
import type { Selected } from './samples.ts'

export interface BenchmarkOptions {
  readonly out: string
  /** Folder of the clips whose paths the annotations do not give. */
  readonly videos: string | null
  /** Home folder, in which moving-shapes caches its rendered clips. */
  readonly home: string
  /** Models that answer concurrently, one sample at a time each. */
  readonly workers: readonly [ModelUnderTest, ...ModelUnderTest[]]
  readonly retryFailed: boolean
  /** Moves existing runs and their reports to another folder and starts again. */
  readonly anew: boolean
}

/** Runs the selected data sets, each into its own folder below `out`. Throws as `runSets` does. */
export async function runBenchmark(
  { sets }: Selected,
  { out, videos, home, workers, retryFailed, anew }: BenchmarkOptions,
  onEvent: (event: RunEvent) => void,
  signal: AbortSignal,
): Promise<SetResult[]> {
  const locate = await locator(sets, { videos, home }, signal)
  const folders = sets.map(({ dataSet, samples }) => ({ dataSet, directory: resolve(join(out, dataSet.name)), samples }))
  for (const { dataSet, directory } of anew ? folders : []) {
    const to = await moveToBackup(directory, new Date())
    if (to === null) continue
    // The old scores would be shown as those of the new run.
    await moveReport(dataSet.dataset, out, to)
    onEvent({ kind: 'moved', from: directory, to })
  }
  const sampleSets = folders.map(({ dataSet: { name }, ...set }): SampleSet => ({ name, ...set }))
  return runSets(sampleSets, { workers, retryFailed, locate }, onEvent, signal)
}

async function locator(
  sets: Selected['sets'],
  { videos, home }: Pick<BenchmarkOptions, 'videos' | 'home'>,
  signal: AbortSignal,
): Promise<(sample: Sample) => Promise<readonly ClipFile[]>> {
  const ours = sets.some(({ dataSet }) => isGenerated(dataSet))
  const others = sets.some(({ dataSet }) => !isGenerated(dataSet))
  // Rendering loads the encoder's native library, which nothing else here needs.
  const drawn = ours ? new (await import('../moving-shapes/videos.ts')).MovingShapesVideos(home) : null
  const folder = videos !== null && others ? await VideoFolder.open(videos, signal) : null
  return async (sample) => {
    const dataSet = dataSetOf(sample.dataset)
    if (drawn && dataSet && isGenerated(dataSet)) return [await drawn.videoFor(sample, signal)]
    return clipFiles(sample, folder)
  }
}
