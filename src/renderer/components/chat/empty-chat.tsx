import { Sparkles } from 'lucide-react'
import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import { ask } from '../../flows/ask.ts'
import { Button } from '../ui/button.tsx'

/** Shown in a conversation without questions. */
export function EmptyChat({ metadata }: { readonly metadata: ClipMetadata }) {
  const why = metadata.present ? null : 'The file is missing. Locate it first'
  return (
    <div className="grid justify-items-center gap-3 py-16 text-center">
      <p className="text-lg font-semibold">Ask about “{metadata.name}”</p>
      <p className="max-w-sm text-quiet">Type a question below, or let the model describe what happens.</p>
      <Button variant="primary" why={why} onClick={() => ask()}>
        <Sparkles size={16} aria-hidden="true" /> Describe it
      </Button>
    </div>
  )
}
