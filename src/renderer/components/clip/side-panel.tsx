import { Tabs } from 'radix-ui'
import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import { assertNever } from '../../../shared/errors.ts'
import { t } from '../../../shared/text.ts'
import { type PanelTab, panelTabs, usePanel } from '../../stores/panel.ts'
import { ChatPanel } from '../chat/chat-panel.tsx'
import { SpokenText } from '../chat/spoken-text.tsx'
import { CheckTab } from '../events/check-tab.tsx'
import { EventsTab } from '../events/events-tab.tsx'
import { Filmstrip } from './filmstrip.tsx'

const tabNames: Readonly<Record<PanelTab, string>> = {
  conversation: t('Conversation'),
  events: t('Events'),
  frames: t('Frames'),
  check: t('Check'),
}

/** What stands beside the clip: its conversation, its events, the frames for the model, and the check of a text. */
export function SidePanel({ metadata }: { readonly metadata: ClipMetadata }) {
  const { tab: shown, show } = usePanel()
  return (
    <Tabs.Root
      value={shown}
      onValueChange={(value) => show(panelTabs.find((name) => name === value) ?? 'conversation')}
      className="flex min-h-0 min-w-0 flex-col bg-panel max-wide:h-[max(26rem,75vh)] max-wide:shrink-0 wide:col-start-3 wide:row-start-1"
    >
      <Tabs.List aria-label={t('About the clip')} className="flex gap-1 px-3 pt-2">
        {panelTabs.map((name) => (
          <Tabs.Trigger
            key={name}
            value={name}
            className="rounded-control px-2.5 py-1 text-control font-medium text-quiet transition-colors hover:text-text data-[state=active]:bg-sunk data-[state=active]:text-text"
          >
            {tabNames[name]}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      {panelTabs.map((name) => (
        <Tabs.Content
          key={name}
          value={name}
          // What is typed and where it is scrolled to stays while another tab is shown.
          {...(name === 'conversation' && { forceMount: true })}
          className={`min-h-0 flex-1 data-[state=inactive]:hidden ${name === 'conversation' ? 'flex flex-col' : 'relative overflow-y-auto px-4 py-3'}`}
        >
          <TabContent tab={name} metadata={metadata} />
        </Tabs.Content>
      ))}
      <SpokenText />
    </Tabs.Root>
  )
}

function TabContent({ tab, metadata }: { readonly tab: PanelTab; readonly metadata: ClipMetadata }) {
  switch (tab) {
    case 'conversation':
      return <ChatPanel metadata={metadata} />
    case 'events':
      return <EventsTab metadata={metadata} />
    case 'frames':
      return <Filmstrip metadata={metadata} />
    case 'check':
      return <CheckTab metadata={metadata} />
    default:
      return assertNever(tab, 'tab beside the clip')
  }
}
