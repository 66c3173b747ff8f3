import { Download } from 'lucide-react'
import { DropdownMenu } from 'radix-ui'
import { type ExportFormat, exportFormats } from '../../../shared/contract/batch.ts'
import { t } from '../../../shared/text.ts'
import { menuBox, menuItem } from './menu-look.ts'

interface ExportMenuProps {
  readonly onPick: (format: ExportFormat) => void
  /** Additional menu items of the current view. */
  readonly more?: readonly { readonly name: string; readonly onPick: () => void }[]
}

export function ExportMenu({ onPick, more = [] }: ExportMenuProps) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="inline-flex min-h-9 items-center gap-2 rounded-control border border-line bg-panel px-3.5 font-medium hover:border-edge hover:bg-sunk">
        <Download size={16} aria-hidden="true" /> {t('Export')}
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content align="end" sideOffset={4} className={menuBox}>
          {exportChoices.map(({ format, name }) => (
            <DropdownMenu.Item key={format} className={menuItem} onSelect={() => onPick(format)}>
              {name}
            </DropdownMenu.Item>
          ))}
          {more.length > 0 && <DropdownMenu.Separator className="my-1 h-px bg-line" />}
          {more.map(({ name, onPick: pick }) => (
            <DropdownMenu.Item key={name} className={menuItem} onSelect={pick}>
              {name}
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}

/** Labels of the export formats. */
const names: Readonly<Record<ExportFormat, string>> = {
  txt: t('Plain text (.txt)'),
  jsonl: t('JSON Lines (.jsonl)'),
  csv: t('Table (.csv)'),
  srt: t('Subtitles (.srt)'),
  markdown: t('Markdown (.md)'),
}

export const exportChoices = exportFormats.map((format) => ({ format, name: names[format] }))
