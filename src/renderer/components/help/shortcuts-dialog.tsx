import { t } from '../../../shared/text.ts'
import { isMac, shortcuts } from '../../lib/shortcuts.ts'
import { useView } from '../../stores/view.ts'
import { Dialog } from '../ui/dialog.tsx'

const groups = [...new Set(shortcuts.map(({ group }) => group))]
const mod = isMac() ? '⌘' : 'Ctrl'

/** Lists all keyboard shortcuts of the page. */
export function ShortcutsDialog() {
  const { shortcuts: open, showShortcuts } = useView()
  if (!open) return null
  return (
    <Dialog title={t('Keyboard shortcuts')} onClose={() => showShortcuts(false)} wide>
      <div className="grid grid-cols-[repeat(auto-fit,minmax(17rem,1fr))] gap-x-8 gap-y-4">
        {groups.map((group) => (
          <section key={group}>
            <h3 className="pb-1 font-semibold">{group}</h3>
            <dl className="space-y-1">
              {shortcuts
                .filter((each) => each.group === group)
                .map(({ keys, does }) => (
                  <div key={does} className="flex items-center justify-between gap-4 text-control">
                    <dt>{does}</dt>
                    <dd className="flex shrink-0 items-center gap-1">
                      {keys.map((key) => (
                        <kbd key={key} className="whitespace-nowrap rounded-control border border-edge bg-sunk px-1.5 font-sans text-note">
                          {key === 'mod' ? mod : key}
                        </kbd>
                      ))}
                    </dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  )
}
