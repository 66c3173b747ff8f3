import { useEffect, useRef, useState } from 'react'
import type { DownloadProgress } from '../../../shared/download-progress.ts'
import { isAbort, type TarsierError } from '../../../shared/errors.ts'
import { type GpuPackStatus, missingBytes } from '../../../shared/gpu-pack.ts'
import { sizeText } from '../../../shared/size-text.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { useAnswer } from '../../hooks/use-answer.ts'
import { problemOf } from '../../stores/problem.ts'
import { service } from '../../transport.ts'
import { Button } from '../ui/button.tsx'
import { FailureNotice } from '../ui/failure-notice.tsx'
import { ProgressBar } from '../ui/progress-bar.tsx'

const askPack = () => service.system.gpuPack()

interface GpuPackProps {
  /** Called after the pack was installed or removed. */
  readonly onChanged?: () => void
  /** Whether it is a part of a page, with a heading of its own. */
  readonly heading?: boolean
}

/** Installs and removes the GPU pack. Shows nothing on machines without an NVIDIA GPU, unless it is installed. */
export function GpuPack({ onChanged, heading = false }: GpuPackProps) {
  const { answer: pack, again } = useAnswer(askPack)
  const [progress, setProgress] = useState<DownloadProgress | null>(null)
  const [problem, setProblem] = useState<TarsierError | null>(null)
  const running = useRef<AbortController | null>(null)
  useEffect(() => () => running.current?.abort(), [])
  if (!pack || !isShown(pack)) return null

  const change = async (work: (signal: AbortSignal) => Promise<void>) => {
    const stop = new AbortController()
    running.current = stop
    setProblem(null)
    try {
      await work(stop.signal)
      onChanged?.()
    } catch (error) {
      if (!isAbort(error) && !stop.signal.aborted) setProblem(problemOf(error))
    }
    setProgress(null)
    again()
  }
  const install = () =>
    change(async (signal) => {
      for await (const state of await service.system.installGpuPack(undefined, { signal })) setProgress(state)
    })
  const isMissing = missingBytes(pack).download > 0
  const isInstalled = pack.parts.some(({ state }) => state === 'installed')
  return (
    <section aria-label={t('GPU pack')} className="grid gap-2">
      {heading && <h2 className="font-semibold">{t('GPU pack')}</h2>}
      <p className="text-note text-quiet">{summary(pack)}</p>
      {progress && (
        <>
          <ProgressBar value={progress.value} label={t('{step}: GPU pack', { step: translate(progress.title) })} />
          <p className="text-note text-quiet">
            {translate(progress.title)}
            {progress.totalBytes > 0 &&
              ` · ${t('{done} of {total}', { done: sizeText(progress.bytes), total: sizeText(progress.totalBytes) })}`}
          </p>
        </>
      )}
      <div className="flex flex-wrap gap-2">
        {progress ? (
          <Button size="small" onClick={() => running.current?.abort()}>
            {t('Cancel')}
          </Button>
        ) : (
          <>
            {isMissing && (
              <Button size="small" why={pack.problem && translate(pack.problem)} onClick={() => void install()}>
                {t('Install the GPU pack')}
              </Button>
            )}
            {isInstalled && (
              <Button size="small" onClick={() => void change(() => service.system.removeGpuPack())}>
                {t('Remove the GPU pack')}
              </Button>
            )}
          </>
        )}
      </div>
      {problem && <FailureNotice error={problem} can={{ retry: () => void install() }} />}
    </section>
  )
}

function isShown({ card, parts }: GpuPackStatus): boolean {
  if (parts.some(({ state }) => state === 'installed')) return true
  return card && parts.some(({ state }) => state === 'missing')
}

function summary(pack: GpuPackStatus): string {
  const { download, disk } = missingBytes(pack)
  const state =
    download === 0
      ? t('The GPU pack is installed: the CUDA parts of llama.cpp and ONNX Runtime.')
      : t(
          "The GPU pack contains the CUDA parts of llama.cpp and ONNX Runtime for this machine's NVIDIA GPU: a download of {download}, which takes {disk} on the disk and is compared with its checksum.",
          { download: sizeText(download), disk: sizeText(disk) },
        )
  return pack.problem === null ? state : `${state} ${t('It cannot be used: {problem}', { problem: translate(pack.problem) })}`
}
