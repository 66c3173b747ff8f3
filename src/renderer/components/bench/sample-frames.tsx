import type { BenchSample } from '../../../shared/contract/bench.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { clockText } from '../../lib/time-text.ts'
import { useBenchSample } from '../../stores/bench-sample.ts'
import { Jpeg } from '../clip/jpeg.tsx'

/** The frames of a sample's clip that the model received. */
export function SampleFrames({ sample }: { readonly sample: BenchSample }) {
  const { frames, noFrames, noClip } = useBenchSample()
  const { length } = sample.frames
  if (length === 0) return <p className="text-control text-quiet">{t('The prediction does not record which frames the model saw.')}</p>
  return (
    <section aria-label={t('Frames the model saw')} className="min-w-0 space-y-1.5">
      <h3 className="text-control font-semibold">
        {t('{length, plural, one {The model saw # frame} other {The model saw # frames}}', { length })}
      </h3>
      {noFrames && <p className="text-control text-danger">{translate(noFrames.message)}</p>}
      <ol className="grid max-h-[44vh] grid-cols-[repeat(auto-fill,minmax(5.5rem,1fr))] gap-1.5 overflow-y-auto">
        {sample.frames.map(({ index, time }, i) => {
          const picture = frames[i]
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: a frame may occur twice, and frames never change their order.
            <li key={i} className="overflow-hidden rounded-control border border-line bg-sunk">
              {picture ? (
                <Jpeg jpeg={picture.jpeg} label="" className="block aspect-video w-full object-contain" />
              ) : (
                <div aria-hidden="true" className={`aspect-video ${noFrames || noClip ? '' : 'breathing'}`} />
              )}
              <span className="flex justify-between px-1 text-note text-quiet tabular-nums">
                <span>{clockText(time)}</span>
                <span>#{index}</span>
              </span>
            </li>
          )
        })}
      </ol>
    </section>
  )
}
