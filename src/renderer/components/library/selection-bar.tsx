import { Trash2 } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../shared/text.ts'
import { useLibrary } from '../../stores/library.ts'
import { reportErrors } from '../../stores/problem.ts'
import { Button } from '../ui/button.tsx'
import { Confirm } from '../ui/confirm.tsx'

/** Actions for the selected entries. */
export function SelectionBar() {
  const { chosen, chooseNone, remove } = useLibrary()
  const [asking, setAsking] = useState(false)
  const count = chosen.size
  return (
    <div className="mx-6 mb-2 flex items-center gap-2 rounded-panel bg-accent-soft px-3 py-1.5">
      <span className="flex-1 text-control font-medium">{t('{count, plural, one {# entry} other {# entries}} selected', { count })}</span>
      <Button size="small" variant="quiet" onClick={chooseNone}>
        {t('Clear selection')}
      </Button>
      <Button size="small" variant="danger" onClick={() => setAsking(true)}>
        <Trash2 size={14} aria-hidden="true" /> {t('Delete')}
      </Button>
      {asking && (
        <Confirm
          title={t('Delete {count, plural, one {# entry} other {# entries}}?', { count })}
          verb={t('Delete')}
          onConfirm={() => reportErrors(remove)}
          onClose={() => setAsking(false)}
        >
          {t('The selected conversations and events are deleted from the library permanently. Your files are not changed.')}
        </Confirm>
      )}
    </div>
  )
}
