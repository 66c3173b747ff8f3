import type { Hit } from '../../../shared/contract/library.ts'
import { t } from '../../../shared/text.ts'
import { useLibrary } from '../../stores/library.ts'

/** Selects an entry of the library. */
export function HitCheckbox({ hit: { chat, clip }, className }: { readonly hit: Hit; readonly className: string }) {
  const id = chat?.id ?? clip.handle
  const chosen = useLibrary((state) => state.chosen.has(id))
  const choose = useLibrary((state) => state.choose)
  return (
    <input
      type="checkbox"
      aria-label={t('Select {name}, {what}', { name: clip.name, what: chat?.title ?? t('events') })}
      className={`accent-accent ${className}`}
      checked={chosen}
      onChange={(event) => choose(id, chat ? 'chat' : 'clip', event.target.checked)}
    />
  )
}
