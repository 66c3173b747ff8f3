import { useCallback } from 'react'
import type { LicensedComponent } from '../../../shared/licences.ts'
import { t } from '../../../shared/text.ts'
import { useAnswer } from '../../hooks/use-answer.ts'
import { service } from '../../transport.ts'
import { Dialog } from '../ui/dialog.tsx'
import { FailureNotice } from '../ui/failure-notice.tsx'

/** The licence of a component, with its texts, which are loaded when the dialog opens. */
export function LicenceDialog({ component, onClose }: { readonly component: LicensedComponent; readonly onClose: () => void }) {
  const { name, version, licence, within, source, note, standard, texts } = component
  return (
    <Dialog title={version === undefined ? name : `${name} ${version}`} onClose={onClose} wide>
      <div className="space-y-2 text-control">
        <p>
          <span className="font-medium">{licence}</span>
          {within !== undefined && <span className="text-quiet">{` · ${t('part of {name}', { name: within })}`}</span>}
        </p>
        {note !== undefined && <p>{note}</p>}
        {source !== undefined && <p className="text-quiet wrap-anywhere select-text">{source}</p>}
        {texts.length === 0 && <p className="text-quiet">{t('Its licence is at that address.')}</p>}
        {standard && texts.length > 0 && (
          <p className="text-quiet">{t('It comes without a text of its own. This is the standard text of its licence.')}</p>
        )}
        {texts.length > 0 && <Texts ids={texts} />}
      </div>
    </Dialog>
  )
}

function Texts({ ids }: { readonly ids: readonly string[] }) {
  const ask = useCallback(() => service.system.licenceTexts({ ids: [...ids] }), [ids])
  const { answer, problem, again } = useAnswer(ask)
  if (problem) return <FailureNotice error={problem} can={{ retry: again }} />
  if (!answer) return <p className="text-quiet">{t('Loading…')}</p>
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard, and nothing else in here is.
    <section aria-label={t('Text of the licence')} tabIndex={0} className="space-y-2">
      {answer.map((text, i) => (
        <pre key={ids[i]} className="rounded-control bg-sunk p-3 font-mono text-note whitespace-pre-wrap wrap-anywhere select-text">
          {text}
        </pre>
      ))}
    </section>
  )
}
