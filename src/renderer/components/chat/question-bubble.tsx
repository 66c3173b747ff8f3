import type { ReactNode } from 'react'

export function QuestionBubble({ text, children }: { readonly text: string; readonly children?: ReactNode }) {
  return (
    <div className="group flex flex-col items-end gap-0.5">
      <p className="max-w-[85%] rounded-panel rounded-br-mark bg-sunk px-3.5 py-2 font-medium whitespace-pre-wrap wrap-anywhere">{text}</p>
      {children}
    </div>
  )
}
