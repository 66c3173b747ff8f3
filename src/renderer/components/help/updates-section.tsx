import { useEffect } from 'react'
import { assertNever } from '../../../shared/errors.ts'
import { sizeText } from '../../../shared/size-text.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import type { UpdateCommand, UpdateProgress, UpdateState } from '../../../shared/updates.ts'
import { useNeverConnect } from '../../hooks/use-never-connect.ts'
import { reportErrors } from '../../stores/problem.ts'
import { useUpdates } from '../../stores/updates.ts'
import { Button } from '../ui/button.tsx'
import { FailureNotice } from '../ui/failure-notice.tsx'
import { ProgressBar } from '../ui/progress-bar.tsx'

/** The app's own updates. In a browser there are none: the page comes from the program that was started. */
export function UpdatesSection() {
  const state = useUpdates((updates) => updates.state)
  useEffect(() => send('state'), [])
  if (!window.tarsier || !state) return null
  return (
    <section aria-label={t('Updates')} className="max-w-2xl space-y-2">
      <h2 className="text-control font-semibold">{t('Updates')}</h2>
      {state.unavailable === null ? <Available state={state} /> : <p className="text-control text-quiet">{translate(state.unavailable)}</p>}
    </section>
  )
}

function Available({ state: { allowed, progress } }: { readonly state: UpdateState }) {
  const neverConnect = useNeverConnect() !== null
  return (
    <>
      <label className="flex min-h-8 items-center gap-2 text-control">
        <input
          type="checkbox"
          className="size-4 accent-accent"
          checked={allowed}
          onChange={(event) => send(event.target.checked ? 'allow' : 'refuse')}
        />
        {t('Look for a new version once a day')}
      </label>
      <p className="text-note text-quiet">
        {neverConnect
          ? t(
              'Asks the place this app was published at, and sends it nothing but the request. New versions are downloaded only when you say so. "Never connect" is on, so nothing is asked.',
            )
          : t(
              'Asks the place this app was published at, and sends it nothing but the request. New versions are downloaded only when you say so.',
            )}
      </p>
      <Progress progress={progress} />
    </>
  )
}

function Progress({ progress }: { readonly progress: UpdateProgress }) {
  switch (progress.kind) {
    case 'unknown':
      return <Button onClick={() => send('check')}>{t('Look now')}</Button>
    case 'checking':
      return <p role="status">{t('Looking for a new version…')}</p>
    case 'latest':
      return (
        <div className="flex items-center gap-3">
          <p role="status">{t('This is the latest version.')}</p>
          <Button onClick={() => send('check')}>{t('Look again')}</Button>
        </div>
      )
    case 'found': {
      const { version, bytes, byHand } = progress.update
      return (
        <div className="space-y-2">
          <p role="status">
            {byHand === null
              ? t('Version {version} is available.', { version })
              : t('Version {version} is available. {advice}', { version, advice: translate(byHand) })}
          </p>
          {byHand === null && (
            <Button variant="primary" onClick={() => send('download')}>
              {bytes === null ? t('Download') : t('Download ({size})', { size: sizeText(bytes) })}
            </Button>
          )}
        </div>
      )
    }
    case 'downloading':
      return (
        <div className="space-y-2">
          <ProgressBar label={t('Download of version {version}', { version: progress.update.version })} value={progress.done} />
          <Button onClick={() => send('cancel')}>{t('Cancel')}</Button>
        </div>
      )
    case 'ready':
      return (
        <div className="space-y-2">
          <p role="status">{t('Version {version} has been downloaded and checked.', { version: progress.update.version })}</p>
          <Button variant="primary" onClick={() => send('install')}>
            {t('Install and restart')}
          </Button>
        </div>
      )
    case 'failed':
      return <FailureNotice error={progress.error} can={{ retry: () => send('check') }} />
    default:
      return assertNever(progress, 'progress')
  }
}

/** The state after it arrives through the store, as all its changes do. */
function send(command: UpdateCommand): void {
  reportErrors(async () => {
    const state = await window.tarsier?.updates(command)
    if (state) useUpdates.setState({ state })
  })
}
