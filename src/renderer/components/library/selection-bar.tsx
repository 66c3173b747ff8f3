import { Trash2 } from 'lucide-react'
import { useState } from 'react'
import { counted } from '../../../shared/size-text.ts'
import { useLibrary } from '../../stores/library.ts'
import { reportErrors } from '../../stores/problem.ts'
import { Button } from '../ui/button.tsx'
import { Confirm } from '../ui/confirm.tsx'

/** Actions for the selected entries. */
export function SelectionBar() {
  const { chosen, chooseNone, remove } = useLibrary()
  const [asking, setAsking] = useState(false)
  const many = counted(chosen.size, 'entry', 'entries')
  return (
    <div className="mx-6 mb-2 flex items-center gap-2 rounded-panel bg-accent-soft px-3 py-1.5">
      <span className="flex-1 text-control font-medium">{many} selected</span>
      <Button size="small" variant="quiet" onClick={chooseNone}>
        Clear selection
      </Button>
      <Button size="small" variant="danger" onClick={() => setAsking(true)}>
        <Trash2 size={14} aria-hidden="true" /> Delete
      </Button>
      {asking && (
        <Confirm title={`Delete ${many}?`} verb="Delete" onConfirm={() => reportErrors(remove)} onClose={() => setAsking(false)}>
          The selected conversations and events are deleted from the library permanently. Your files are not changed.
        </Confirm>
      )}
    </div>
  )
}
