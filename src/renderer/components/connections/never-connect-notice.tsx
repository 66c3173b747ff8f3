import { howToConnect } from '../../../shared/never-connect.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { useNeverConnect } from '../../hooks/use-never-connect.ts'
import { sentences } from '../../lib/sentences.ts'
import { Notice } from '../ui/notice.tsx'

/** Says that connections are switched off, where some are offered; nothing while they are allowed. */
export function NeverConnectNotice() {
  const by = useNeverConnect()
  if (by === null) return null
  return (
    <Notice title={t('“Never connect” is on')}>
      {sentences(
        t('Tarsier contacts no other machine, so only models whose files are already on this machine can be installed.'),
        translate(howToConnect(by)),
      )}
    </Notice>
  )
}
