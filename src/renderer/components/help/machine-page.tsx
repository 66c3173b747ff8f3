import { CircleCheck, CircleX } from 'lucide-react'
import type { Works } from '../../../shared/contract/system.ts'
import type { DeviceTest } from '../../../shared/device-tests.ts'
import { sizeText } from '../../../shared/size-text.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { useAnswer } from '../../hooks/use-answer.ts'
import { service } from '../../transport.ts'
import { GpuPack } from '../devices/gpu-pack.tsx'
import { RetryDevices } from '../devices/retry-devices.tsx'
import { FailureNotice } from '../ui/failure-notice.tsx'
import { Notice } from '../ui/notice.tsx'

const askHealth = () => service.system.health()

/** Shows which devices work, from a check that runs when the page opens. */
export function MachinePage() {
  const { answer: health, problem, again } = useAnswer(askHealth)
  if (problem) return <FailureNotice error={problem} can={{ retry: again }} />
  if (!health) return <p className="text-quiet">{t('Testing all devices. This takes a few seconds…')}</p>
  const { cpu, memory, disk, media, vision, language, advice, deviceTests } = health
  const hardware = [
    t('{model}, {cores, plural, one {# core} other {# cores}}', cpu),
    t('{free} of {total} memory free', { free: sizeText(memory.free), total: sizeText(memory.total) }),
    ...(disk.free === null ? [] : [t('{size} free on the disk', { size: sizeText(disk.free) })]),
    t('cache {size}', { size: sizeText(disk.cache) }),
  ]
  return (
    <div className="max-w-2xl space-y-4">
      <p className="text-body">{hardware.join(' · ')}</p>
      {advice.map((text) => (
        <Notice key={text}>{translate(text)}</Notice>
      ))}
      <WorksList title={t('Reading clips')} all={media.map(inWords)} />
      <WorksList title={t('Vision')} all={vision.map(inWords)} />
      <WorksList title={t('Language')} all={language.map(inWords)} />
      <TestedDevices tests={deviceTests} />
      <GpuPack heading onChanged={again} />
      <RetryDevices onRetried={again} />
    </div>
  )
}

function inWords(tried: Works): Works {
  return { ...tried, detail: translate(tried.detail) }
}

const partNames: Readonly<Record<DeviceTest['part'], string>> = { vision: t('vision'), language: t('language') }

/** Results of the devices compared with the CPU. */
function TestedDevices({ tests }: { readonly tests: readonly DeviceTest[] }) {
  if (tests.length === 0) return null
  const all = tests.map(({ device, part, model, passed, detail }) => {
    const name = partNames[part]
    const values = { what: model === '' ? name : t('{part} of {model}', { part: name, model }), why: translate(detail) }
    return { name: device, works: passed, detail: passed ? t('{what}: used; {why}', values) : t('{what}: not used; {why}', values) }
  })
  return <WorksList title={t('Compared with the CPU')} all={all} />
}

function WorksList({ title, all }: { readonly title: string; readonly all: readonly Works[] }) {
  return (
    <section>
      <h2 className="pb-1 font-semibold">{title}</h2>
      <ul className="space-y-1">
        {all.map(({ name, works, detail }) => {
          const Icon = works ? CircleCheck : CircleX
          return (
            <li key={`${name} ${detail}`} className="flex gap-2 text-control">
              <Icon
                size={16}
                aria-label={works ? t('works') : t('does not work')}
                className={`mt-0.5 shrink-0 ${works ? 'text-good' : 'text-quiet'}`}
              />
              <span className="w-28 shrink-0 font-medium">{name}</span>
              <span className="min-w-0 text-quiet wrap-anywhere">{detail}</span>
            </li>
          )
        })}
      </ul>
    </section>
  )
}
