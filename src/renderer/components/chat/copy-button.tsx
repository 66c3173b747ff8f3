import { Check, Copy } from 'lucide-react'
import { t } from '../../../shared/text.ts'
import { useCopied } from '../../hooks/use-copied.ts'
import { copyText } from '../../lib/copy-text.ts'
import { IconButton } from '../ui/icon-button.tsx'

export function CopyButton({ text, label }: { readonly text: string; readonly label: string }) {
  const { copied, copy } = useCopied(() => copyText(text))
  return <IconButton icon={copied ? Check : Copy} label={copied ? t('Copied') : label} onClick={copy} className="size-7" />
}
