import { useEffect, useState } from 'react'
import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import type { TarsierError } from '../../../shared/errors.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { useBenchSample } from '../../stores/bench-sample.ts'
import { problemOf } from '../../stores/problem.ts'
import { clipUrl, service } from '../../transport.ts'
import { FailureNotice } from '../ui/failure-notice.tsx'
import { Notice } from '../ui/notice.tsx'
import { ProgressBar } from '../ui/progress-bar.tsx'

/** Player for the sample's clip. */
export function SampleClip({ name }: { readonly name: string | null }) {
  const { clip, noClip } = useBenchSample()
  if (noClip) return <Notice title={name ?? t('No clip')}>{translate(noClip.message)}</Notice>
  if (!clip) return <div aria-hidden="true" className="breathing aspect-video w-full rounded-panel bg-sunk" />
  return (
    <figure className="min-w-0 space-y-1">
      <Picture key={clip.handle} metadata={clip} />
      <figcaption className="truncate text-note text-quiet">{clip.name}</figcaption>
    </figure>
  )
}

const videoClass = 'aspect-video max-h-[44vh] w-full rounded-panel bg-black object-contain'

function Picture({ metadata }: { readonly metadata: ClipMetadata }) {
  const { handle, kind, name, preview } = metadata
  const [form, setForm] = useState<'file' | 'making' | 'preview'>(
    preview === 'not-needed' ? 'file' : preview === 'needed' ? 'making' : 'preview',
  )
  const [value, setValue] = useState(0)
  const [problem, setProblem] = useState<TarsierError | null>(null)
  useEffect(() => {
    if (form !== 'making') return
    const leaving = new AbortController()
    const follow = async () => {
      for await (const event of await service.clips.preview({ handle }, { signal: leaving.signal })) {
        if (event.kind === 'making') setValue(event.value)
        else setForm('preview')
      }
    }
    follow().catch((error: unknown) => setProblem(problemOf(error)))
    return () => leaving.abort()
  }, [handle, form])
  if (problem) return <FailureNotice error={problem} />
  if (form === 'making') {
    return (
      <div className={`${videoClass} grid content-end p-4`}>
        <div className="grid gap-1.5 rounded-control bg-panel px-3 py-2 text-note">
          {t('Browsers cannot play this file. A preview is being created.')}
          <ProgressBar value={value} label={t('Creating a preview')} />
        </div>
      </div>
    )
  }
  const source = clipUrl(handle, form)
  // This browser may not play a file that the service expected to be playable.
  const unplayable = () => (form === 'file' ? setForm('making') : undefined)
  if (kind !== 'video') return <img src={source} alt={name} className={videoClass} />
  return (
    // biome-ignore lint/a11y/useMediaCaption: clips of benchmarks have no captions; describing them is the task that is measured.
    <video src={source} aria-label={name} className={videoClass} controls playsInline preload="metadata" onError={unplayable} />
  )
}
