import { CircleCheck, CircleX } from 'lucide-react'
import type { Works } from '../../../shared/contract/system.ts'
import type { DeviceTest } from '../../../shared/device-tests.ts'
import { sizeText } from '../../../shared/size-text.ts'
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
  if (!health) return <p className="text-quiet">Testing all devices. This takes a few seconds…</p>
  const { cpu, memory, disk, media, vision, language, advice, deviceTests } = health
  return (
    <div className="max-w-2xl space-y-4">
      <p className="text-body">
        {cpu.model}, {cpu.cores} cores · {sizeText(memory.free)} of {sizeText(memory.total)} memory free
        {disk.free !== null && ` · ${sizeText(disk.free)} free on the disk`} · cache {sizeText(disk.cache)}
      </p>
      {advice.map((text) => (
        <Notice key={text}>{text}</Notice>
      ))}
      <WorksList title="Reading clips" all={media} />
      <WorksList title="Vision" all={vision} />
      <WorksList title="Language" all={language} />
      <TestedDevices tests={deviceTests} />
      <GpuPack onChanged={again} />
      <RetryDevices onRetried={again} />
    </div>
  )
}

/** Results of the devices compared with the CPU. */
function TestedDevices({ tests }: { readonly tests: readonly DeviceTest[] }) {
  if (tests.length === 0) return null
  const all = tests.map(({ device, part, model, passed, detail }) => ({
    name: device,
    works: passed,
    detail: `${model === '' ? part : `${part} of ${model}`}: ${passed ? 'used' : 'not used'}; ${detail}`,
  }))
  return <WorksList title="Compared with the CPU" all={all} />
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
                aria-label={works ? 'works' : 'does not work'}
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
