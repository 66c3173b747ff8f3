import { type ReactNode, useState } from 'react'
import type { ShapedCaption } from '../../../shared/shaping/caption-shape.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { CopyButton } from './copy-button.tsx'
import { RewrittenText } from './rewritten-text.tsx'

interface ShapedAnswerProps {
  readonly shaped: ShapedCaption
  /** The model's own text. */
  readonly own: ReactNode
  /** Whether the own text is shown until the user chooses: it has times. */
  readonly ownFirst: boolean
}

/**
 * An answer in the shape that was wanted, with the model's own text below it. A rewritten one says the same in other words, so one of the two is shown
 * at a time.
 */
export function ShapedAnswer({ shaped, own, ownFirst }: ShapedAnswerProps) {
  const [chosen, setChosen] = useState<boolean | null>(null)
  const { shape, text, words, leftOut, notices, rewritten } = shaped
  const showsOwn = rewritten !== undefined && (chosen ?? ownFirst)
  const label = t('Caption in the shape {shape}', { shape })
  return (
    <>
      <section aria-label={label} className="space-y-1.5 rounded-panel bg-sunk px-3 py-2">
        <header className="flex items-center gap-1 text-note text-quiet">
          <span className="flex-1">
            {label} · {t('{count, plural, one {# word} other {# words}}', { count: words })}
            {leftOut > 0 && ` · ${t('{count, plural, one {# part} other {# parts}} left out', { count: leftOut })}`}
          </span>
          {text !== '' && <CopyButton text={text} label={t('Copy the caption')} />}
        </header>
        {rewritten && <TextChoice own={showsOwn} onChoose={setChosen} />}
        {showsOwn ? own : rewritten ? <RewrittenText caption={text} rewritten={rewritten} /> : <Plain text={text} />}
        {!showsOwn &&
          notices.map((notice) => (
            <p key={notice} className="text-control text-quiet">
              {translate(notice)}
            </p>
          ))}
      </section>
      {!rewritten && own}
    </>
  )
}

function Plain({ text }: { readonly text: string }) {
  return <p className="wrap-anywhere whitespace-pre-wrap">{text}</p>
}

function TextChoice({ own, onChoose }: { readonly own: boolean; readonly onChoose: (own: boolean) => void }) {
  const choices = [
    [t('Rewritten'), false],
    [t('Model’s own text'), true],
  ] as const
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would be announced as a part of a form.
    <div role="group" aria-label={t('Which text is shown')} className="flex gap-1.5">
      {choices.map(([name, value]) => (
        <button
          key={name}
          type="button"
          aria-pressed={own === value}
          onClick={() => onChoose(value)}
          className="rounded-full border border-line bg-panel px-2.5 py-0.5 text-note text-quiet hover:border-edge aria-pressed:border-accent aria-pressed:bg-accent-soft aria-pressed:text-accent"
        >
          {name}
        </button>
      ))}
    </div>
  )
}
