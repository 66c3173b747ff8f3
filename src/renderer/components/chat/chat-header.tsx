import { ChevronDown, MessageSquarePlus, RotateCcw } from 'lucide-react'
import { DropdownMenu } from 'radix-ui'
import { useState } from 'react'
import { t } from '../../../shared/text.ts'
import { newChat, openChat } from '../../flows/open-clip.ts'
import { momentText } from '../../lib/time-text.ts'
import { useChat } from '../../stores/chat.ts'
import { reportErrors } from '../../stores/problem.ts'
import { Confirm } from '../ui/confirm.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { menuBox, menuItem } from '../ui/menu-look.ts'

/** Selects a conversation about the clip, starts another, or clears the current one. */
export function ChatHeader() {
  const { chat, run, clear } = useChat()
  const [asking, setAsking] = useState(false)
  if (!chat) return null
  const turns = chat.all.length + (run ? 1 : 0)
  const emptyWhy = turns === 0 ? t('The conversation is empty') : null
  const clearWhy = run?.batch ? t('Pause the batch to stop its answer') : emptyWhy
  return (
    <header className="flex items-center gap-1 px-3 pt-1">
      <ChatMenu />
      <IconButton
        icon={MessageSquarePlus}
        label={t('New conversation about this clip')}
        side="bottom"
        why={emptyWhy}
        onClick={() => reportErrors(newChat)}
      />
      <IconButton icon={RotateCcw} label={t('Start this conversation over')} side="bottom" why={clearWhy} onClick={() => setAsking(true)} />
      {asking && (
        <Confirm title={t('Start over?')} verb={t('Start over')} onConfirm={() => reportErrors(clear)} onClose={() => setAsking(false)}>
          {t(
            '{turns, plural, one {# question and its answer are} other {# questions and their answers are}} deleted from this conversation. The clip is kept.',
            { turns },
          )}
        </Confirm>
      )}
    </header>
  )
}

function ChatMenu() {
  const { chat, chats } = useChat()
  if (!chat) return null
  const title = chats.find(({ id }) => id === chat.id)?.title || t('New conversation')
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="flex min-w-0 flex-1 items-center gap-1.5 rounded-control px-2 py-1 text-left text-body font-medium hover:bg-sunk">
        <span className="truncate">{title}</span>
        <ChevronDown size={15} aria-hidden="true" className="shrink-0 text-quiet" />
        <span className="sr-only">{t(': other conversations about this clip')}</span>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content align="start" sideOffset={4} className={`${menuBox} max-w-90`}>
          <DropdownMenu.Label className="px-2.5 py-1 text-note text-quiet">{t('Conversations about this clip')}</DropdownMenu.Label>
          {chats.map(({ id, title: name, turns, updated }) => (
            <DropdownMenu.Item key={id} className={menuItem} onSelect={() => reportErrors(() => openChat(id))}>
              <span className="min-w-0">
                <span className={`block truncate ${id === chat.id ? 'font-semibold' : ''}`}>{name || t('New conversation')}</span>
                <span className="block text-note text-quiet">
                  {t('{turns, plural, one {# question} other {# questions}}, {moment}', { turns, moment: momentText(updated) })}
                </span>
              </span>
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}
