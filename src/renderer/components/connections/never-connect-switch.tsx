import { useId } from 'react'
import { howToConnect } from '../../../shared/never-connect.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { useNeverConnect } from '../../hooks/use-never-connect.ts'
import { sentences } from '../../lib/sentences.ts'
import { reportErrors } from '../../stores/problem.ts'
import { service } from '../../transport.ts'

/** The setting "Never connect". It cannot be switched off here if an option or the environment has switched it on. */
export function NeverConnectSwitch() {
  const by = useNeverConnect()
  const id = useId()
  const fixed = by !== null && by !== 'setting'
  return (
    <div className="grid gap-1">
      <label className="flex min-h-8 items-center gap-2 text-control font-medium">
        <input
          type="checkbox"
          className="size-4 accent-accent"
          aria-describedby={id}
          checked={by !== null}
          disabled={fixed}
          onChange={(event) => {
            const on = event.target.checked
            reportErrors(() => service.system.setNeverConnect({ on }))
          }}
        />
        {t('Never connect')}
      </label>
      <p id={id} className="text-note text-quiet">
        {sentences(
          t(
            'Makes no connection to other machines, and ends those that are open: nothing is downloaded, and judges, model servers and queues are used only on this machine. Also holds for the command line.',
          ),
          fixed ? translate(howToConnect(by)) : '',
        )}
      </p>
    </div>
  )
}
