import { ClipboardCopy, RefreshCw } from 'lucide-react'
import { currentLanguage, t } from '../../../shared/text.ts'
import { useAnswer } from '../../hooks/use-answer.ts'
import { useCopied } from '../../hooks/use-copied.ts'
import { copyText } from '../../lib/copy-text.ts'
import { service } from '../../transport.ts'
import { Button } from '../ui/button.tsx'
import { FailureNotice } from '../ui/failure-notice.tsx'

const askLogs = () => service.system.logs({ limit: 500 })
const times = new Intl.DateTimeFormat(currentLanguage(), { timeStyle: 'medium', hourCycle: 'h23' })
const colours = { info: 'text-quiet', warn: 'text-accent', error: 'text-danger' } as const

/** Log entries, and a diagnostic report to send with a bug report. */
export function LogsPage() {
  const { answer: lines, problem, again } = useAnswer(askLogs)
  const { copied, copy } = useCopied(async () => copyText((await service.system.report()).text))
  return (
    <div className="space-y-3">
      <div className="flex flex-wrap items-center gap-2">
        <Button variant="primary" onClick={copy}>
          <ClipboardCopy size={16} aria-hidden="true" /> {t('Copy report')}
        </Button>
        <Button onClick={again}>
          <RefreshCw size={16} aria-hidden="true" /> {t('Reload')}
        </Button>
        <span role="status" className="text-control text-quiet">
          {copied
            ? t('Copied. The report contains no file paths, questions or answers.')
            : t('The report contains no file paths, questions or answers.')}
        </span>
      </div>
      {problem && <FailureNotice error={problem} can={{ retry: again }} />}
      {lines?.length === 0 && <p className="text-quiet">{t('The log is empty.')}</p>}
      <ol className="space-y-0.5 font-mono text-note">
        {lines?.map(({ time, level, source, text }, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines are replaced as a whole.
          <li key={i} className="flex gap-3 wrap-anywhere">
            <span className="shrink-0 text-quiet tabular-nums">{times.format(time)}</span>
            <span className={`w-10 shrink-0 ${colours[level]}`}>{level}</span>
            <span className="w-20 shrink-0 text-quiet">{source}</span>
            <span>{text}</span>
          </li>
        ))}
      </ol>
    </div>
  )
}
