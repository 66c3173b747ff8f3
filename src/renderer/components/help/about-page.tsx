import { t } from '../../../shared/text.ts'
import { useAnswer } from '../../hooks/use-answer.ts'
import mark from '../../tarsier.svg'
import { service } from '../../transport.ts'
import { FailureNotice } from '../ui/failure-notice.tsx'
import { RichText } from '../ui/rich-text.tsx'
import { UpdatesSection } from './updates-section.tsx'

const askAbout = () => service.system.about()

/** Versions and data folders. */
export function AboutPage() {
  const { answer: about, problem, again } = useAnswer(askAbout)
  if (problem) return <FailureNotice error={problem} can={{ retry: again }} />
  if (!about) return <p className="text-quiet">{t('Loading…')}</p>
  return (
    <div className="space-y-5">
      <div className="flex items-center gap-4">
        <img src={mark} alt="" width="56" height="56" />
        <div>
          <p className="text-title font-semibold">{t('Tarsier Desktop {version}', { version: about.version })}</p>
          <p className="text-control text-quiet">{t('{platform} · Node {version}', { platform: about.platform, version: about.node })}</p>
        </div>
      </div>
      <p className="text-body">
        <RichText
          message="Data folder: {folder}"
          values={{
            folder: <code className="rounded-mark bg-sunk px-1.5 py-0.5 font-mono text-control wrap-anywhere">{about.home}</code>,
          }}
        />
      </p>
      <UpdatesSection />
      <p className="text-control text-quiet">
        {t('Tarsier Desktop is free software under the Apache License 2.0. The tab “Licences” lists what it contains.')}
      </p>
    </div>
  )
}
