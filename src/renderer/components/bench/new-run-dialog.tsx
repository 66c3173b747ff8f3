import { useEffect, useId, useState } from 'react'
import type { BenchChoice } from '../../../shared/contract/bench.ts'
import { TarsierError } from '../../../shared/errors.ts'
import { optionInfo } from '../../../shared/option-info.ts'
import { options } from '../../../shared/options.ts'
import { t } from '../../../shared/text.ts'
import { useModels } from '../../stores/models.ts'
import { problemOf, reportErrors } from '../../stores/problem.ts'
import { settingsNow } from '../../stores/settings.ts'
import { service } from '../../transport.ts'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { FailureNotice } from '../ui/failure-notice.tsx'
import { controlClass } from '../ui/field.tsx'
import { NumberInput } from '../ui/number-input.tsx'

const frameRange = optionInfo(options.frames)
/** Enough for a first impression within minutes. */
const FIRST_LIMIT = 20

interface Folder {
  readonly handle: string
  readonly name: string
}

/** Chooses data sets, model and size of a new benchmark run, and starts it. */
export function NewRunDialog({ onClose }: { readonly onClose: () => void }) {
  const installed = useModels((state) => state.installed)
  const loadModels = useModels((state) => state.load)
  const [annotations, setAnnotations] = useState<Folder | null>(null)
  const [videos, setVideos] = useState<Folder | null>(null)
  const [choices, setChoices] = useState<readonly BenchChoice[] | null>(null)
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set())
  const [model, setModel] = useState(settingsNow().model)
  const [frames, setFrames] = useState<number | null>(null)
  const [limit, setLimit] = useState<number | null>(FIRST_LIMIT)
  const [starting, setStarting] = useState(false)
  const [problem, setProblem] = useState<TarsierError | null>(null)
  const ids = useId()
  useEffect(() => reportErrors(loadModels), [loadModels])
  useEffect(() => {
    setChoices(null)
    setLeft(new Set())
    const given = annotations === null ? {} : { annotations: annotations.handle }
    setProblem(null)
    const abort = new AbortController()
    const { signal } = abort
    service.bench.choices(given, { signal }).then(
      (found) => signal.aborted || setChoices(found),
      (error: unknown) => signal.aborted || setProblem(problemOf(error)),
    )
    return () => abort.abort()
  }, [annotations])
  const sets = choices?.filter(({ name }) => !left.has(name)) ?? []
  const total = sets.reduce((sum, { samples }) => sum + Math.min(samples, limit ?? samples), 0)
  const defaultFrames = installed.find(({ name }) => name === model)?.defaults?.frames.count
  const reading = problem ? t('Choose other annotations') : t('Reading the annotations…')
  const idle = sets.length === 0 ? t('Choose a data set') : null
  const why = choices === null ? reading : starting ? t('Starting…') : idle
  const start = async () => {
    setStarting(true)
    try {
      await service.bench.start({
        sets: sets.map(({ name }) => name),
        model,
        ...(annotations && { annotations: annotations.handle }),
        ...(videos && { videos: videos.handle }),
        ...(frames !== null && { frames }),
        ...(limit !== null && { limit }),
      })
      onClose()
    } catch (error) {
      setProblem(problemOf(error))
      setStarting(false)
    }
  }
  return (
    <Dialog
      title={t('New benchmark run')}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button variant="primary" why={why} onClick={() => void start()}>
            {total > 0 ? t('Start {total, plural, one {# sample} other {# samples}}', { total }) : t('Start')}
          </Button>
        </>
      }
    >
      <div className="space-y-4">
        {problem && <FailureNotice error={problem} />}
        <fieldset className="space-y-1">
          <legend className="pb-1 text-control font-medium">{t('Data sets')}</legend>
          <p className="text-note text-quiet">
            {annotations
              ? t('From {folder}.', { folder: annotations.name })
              : t('Moving shapes are drawn by this program and need no download. For other data sets, choose their annotations.')}
          </p>
          {choices?.map(({ name, samples, judged }) => (
            <label key={name} className="flex items-center gap-2 text-control">
              <input
                type="checkbox"
                className="size-4 accent-accent"
                checked={!left.has(name)}
                onChange={({ target }) => setLeft(new Set(target.checked ? [...left].filter((other) => other !== name) : [...left, name]))}
              />
              {name}
              <span className="text-quiet">
                {judged
                  ? t('{samples, plural, one {# sample, needs a judge} other {# samples, needs a judge}}', { samples })
                  : t('{samples, plural, one {# sample} other {# samples}}', { samples })}
              </span>
            </label>
          ))}
          {window.tarsier ? (
            <div className="flex flex-wrap gap-2 pt-1">
              <Button size="small" onClick={() => reportErrors(async () => setAnnotations((await chosen('annotations')) ?? annotations))}>
                {t('Choose annotations…')}
              </Button>
              {annotations && (
                <Button size="small" onClick={() => reportErrors(async () => setVideos((await chosen('videos')) ?? videos))}>
                  {videos ? t('Videos: {folder}', { folder: videos.name }) : t('Choose the videos’ folder…')}
                </Button>
              )}
            </div>
          ) : (
            <p className="text-note text-quiet">
              {t('A browser cannot open a folder of this disk. Run other data sets with “tarsier bench run”, or in the window.')}
            </p>
          )}
        </fieldset>
        <div className="grid gap-1">
          <label htmlFor={`${ids}model`} className="text-control font-medium">
            {t('Model')}
          </label>
          <select id={`${ids}model`} className={controlClass} value={model} onChange={({ target }) => setModel(target.value)}>
            {installed.map(({ name, problem }) => (
              <option key={name} value={name} disabled={problem !== null}>
                {name}
              </option>
            ))}
          </select>
        </div>
        <div className="grid grid-cols-2 gap-3">
          <div className="grid gap-1">
            <label htmlFor={`${ids}frames`} className="text-control font-medium">
              {t('Frames per clip')}
            </label>
            <NumberInput
              id={`${ids}frames`}
              describedBy={`${ids}limits`}
              value={frames}
              placeholder={defaultFrames === undefined ? t('model default') : String(defaultFrames)}
              min={frameRange.min ?? 1}
              max={frameRange.max ?? 256}
              onChange={setFrames}
            />
          </div>
          <div className="grid gap-1">
            <label htmlFor={`${ids}limit`} className="text-control font-medium">
              {t('Samples per data set')}
            </label>
            <NumberInput
              id={`${ids}limit`}
              describedBy={`${ids}limits`}
              value={limit}
              placeholder={t('all')}
              min={1}
              max={1e9}
              onChange={setLimit}
            />
          </div>
        </div>
        <p id={`${ids}limits`} className="text-note text-quiet">
          {t('Leave a field empty for the model’s number of frames, or for all samples. A run can be stopped and resumed at any time.')}
        </p>
      </div>
    </Dialog>
  )
}

async function chosen(kind: 'annotations' | 'videos'): Promise<Folder | null> {
  const [opened] = (await window.tarsier?.choose(kind)) ?? []
  if (opened?.kind === 'failed') throw TarsierError.fromData(opened.error)
  return opened?.kind === kind ? opened : null
}
