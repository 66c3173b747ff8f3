import { Check, Copy } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../shared/text.ts'
import { copyText } from '../../lib/copy-text.ts'
import { reportErrors } from '../../stores/problem.ts'
import { IconButton } from '../ui/icon-button.tsx'

/** Duration of the "copied" state, in milliseconds. */
const SAY_MS = 1500

export function CopyButton({ text, label }: { readonly text: string; readonly label: string }) {
  const [done, setDone] = useState(false)
  const copy = async () => {
    await copyText(text)
    setDone(true)
    setTimeout(() => setDone(false), SAY_MS)
  }
  return <IconButton icon={done ? Check : Copy} label={done ? t('Copied') : label} onClick={() => reportErrors(copy)} className="size-7" />
}
