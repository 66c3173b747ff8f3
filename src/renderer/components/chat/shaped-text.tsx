import type { ShapedCaption } from '../../../shared/shaping/caption-shape.ts'
import { counted } from '../../../shared/size-text.ts'
import { CopyButton } from './copy-button.tsx'

/** An answer in the shape that was wanted; the model's own text is below it. */
export function ShapedText({ shaped: { shape, text, words, leftOut, notices } }: { readonly shaped: ShapedCaption }) {
  const label = `Caption in the shape ${shape}`
  return (
    <section aria-label={label} className="space-y-1 rounded-panel bg-sunk px-3 py-2">
      <header className="flex items-center gap-1 text-note text-quiet">
        <span className="flex-1">
          {label} · {counted(words, 'word')}
          {leftOut > 0 && ` · ${counted(leftOut, 'part')} left out`}
        </span>
        {text !== '' && <CopyButton text={text} label="Copy the caption" />}
      </header>
      <p className="wrap-anywhere whitespace-pre-wrap">{text}</p>
      {notices.map((notice) => (
        <p key={notice} className="text-control text-quiet">
          {notice}
        </p>
      ))}
    </section>
  )
}
