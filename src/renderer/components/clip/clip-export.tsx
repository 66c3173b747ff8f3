import { Download } from 'lucide-react'
import { DropdownMenu } from 'radix-ui'
import { useState } from 'react'
import type { TextFile } from '../../../shared/contract/base.ts'
import type { ExportFormat } from '../../../shared/contract/batch.ts'
import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import type { TarsierError } from '../../../shared/errors.ts'
import { type EventFormat, eventFormatInfo, eventFormats } from '../../../shared/event-formats.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { useShownEvents } from '../../hooks/use-shown-events.ts'
import { saveText } from '../../lib/save-text.ts'
import { useChat } from '../../stores/chat.ts'
import { useEvents } from '../../stores/events.ts'
import { problemOf } from '../../stores/problem.ts'
import { service } from '../../transport.ts'
import { Dialog } from '../ui/dialog.tsx'
import { exportChoices } from '../ui/export-menu.tsx'
import { FailureNotice } from '../ui/failure-notice.tsx'
import { menuBox, menuItem } from '../ui/menu-look.ts'

const label = 'px-2.5 py-1 text-note text-quiet'

/** Saves the events that the page shows, or the conversation, as a file in one of the formats for players, editors and programs. */
export function ClipExport({ metadata }: { readonly metadata: ClipMetadata }) {
  const [failed, setFailed] = useState<TarsierError | null>(null)
  const shown = useShownEvents(metadata)
  const finding = useEvents((state) => state.run !== null)
  const chat = useChat((state) => state.chat)
  const { handle } = metadata
  const noEvents = !shown
    ? t('No events yet: find them in the Events tab')
    : shown.source === 'clip' && finding
      ? t('The events are still being found')
      : null
  const empty = !chat || chat.all.length === 0
  const save = (file: Promise<TextFile>) => void file.then(saveText, (error: unknown) => setFailed(problemOf(error)))
  const saveEvents = (format: EventFormat) =>
    save(service.events.export({ handle, format, ...(shown && shown.source !== 'clip' && { events: [...shown.events] }) }))
  const saveChat = (format: ExportFormat) => chat && save(service.library.export({ format, chats: [chat.id] }))
  return (
    <>
      <DropdownMenu.Root modal={false}>
        <DropdownMenu.Trigger className="inline-flex min-h-8 shrink-0 items-center gap-1.5 rounded-control bg-accent px-3 text-control font-semibold text-on-accent transition-colors hover:bg-accent-strong">
          <Download size={15} aria-hidden="true" /> <span className="max-wide:sr-only">{t('Export')}</span>
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content align="end" sideOffset={6} collisionPadding={8} className={menuBox}>
            <DropdownMenu.Label className={label}>{noEvents ?? t('Events on the timeline')}</DropdownMenu.Label>
            {!noEvents &&
              eventFormats.map((format) => (
                <DropdownMenu.Item key={format} className={menuItem} onSelect={() => saveEvents(format)}>
                  {translate(eventFormatInfo[format].title)}
                </DropdownMenu.Item>
              ))}
            <DropdownMenu.Separator className="my-1 h-px bg-line" />
            <DropdownMenu.Label className={label}>{empty ? t('The conversation is empty') : t('Conversation')}</DropdownMenu.Label>
            {!empty &&
              exportChoices.map(({ format, name }) => (
                <DropdownMenu.Item key={format} className={menuItem} onSelect={() => saveChat(format)}>
                  {name}
                </DropdownMenu.Item>
              ))}
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
      {failed && (
        <Dialog title={t('The file was not saved')} onClose={() => setFailed(null)}>
          <FailureNotice error={failed} />
        </Dialog>
      )}
    </>
  )
}
