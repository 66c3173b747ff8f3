import { Keyboard } from 'lucide-react'
import { Tabs } from 'radix-ui'
import { t } from '../../../shared/text.ts'
import { useView } from '../../stores/view.ts'
import { Button } from '../ui/button.tsx'
import { ViewHeader } from '../view-header.tsx'
import { AboutPage } from './about-page.tsx'
import { ConnectionsPage } from './connections-page.tsx'
import { CrashesPage } from './crashes-page.tsx'
import { LicencesPage } from './licences-page.tsx'
import { LogsPage } from './logs-page.tsx'
import { MachinePage } from './machine-page.tsx'

const pages = [
  { value: 'about', name: t('About'), page: AboutPage },
  { value: 'licences', name: t('Licences'), page: LicencesPage },
  { value: 'machine', name: t('This machine'), page: MachinePage },
  { value: 'connections', name: t('Connections'), page: ConnectionsPage },
  { value: 'logs', name: t('Logs'), page: LogsPage },
  { value: 'crashes', name: t('Crash reports'), page: CrashesPage },
] as const

/** Information about the app, its licences, the machine's capabilities, network connections and logs. */
export function HelpView() {
  const showShortcuts = useView((state) => state.showShortcuts)
  return (
    <div className="flex h-full flex-col">
      <ViewHeader title={t('Help')} lead={t('Version, data folder, licences, devices, network connections, logs and crash reports.')}>
        <Button onClick={() => showShortcuts(true)}>
          <Keyboard size={16} aria-hidden="true" /> {t('Keyboard shortcuts')}
        </Button>
      </ViewHeader>
      <Tabs.Root defaultValue="about" className="flex min-h-0 flex-1 flex-col">
        <Tabs.List aria-label={t('Help')} className="flex flex-wrap gap-x-4 border-b border-line px-6">
          {pages.map(({ value, name }) => (
            <Tabs.Trigger
              key={value}
              value={value}
              className="border-b-2 border-transparent py-2 text-body font-medium text-quiet hover:text-text data-[state=active]:border-accent data-[state=active]:text-text"
            >
              {name}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        {pages.map(({ value, page: Page }) => (
          <Tabs.Content key={value} value={value} className="min-h-0 flex-1 overflow-y-auto px-6 py-4">
            <Page />
          </Tabs.Content>
        ))}
      </Tabs.Root>
    </div>
  )
}
