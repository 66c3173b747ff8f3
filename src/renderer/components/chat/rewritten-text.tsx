import { leavesOf } from '../../../shared/shaping/fields.ts'
import type { CheckedPart, Rewritten } from '../../../shared/shaping/rewrite.ts'
import { t } from '../../../shared/text.ts'
import { supportLevel, supportText } from '../../lib/support-levels.ts'

/** A rewritten caption: sentences and tags with the support of each behind it, or fields with the support of each beside it. */
export function RewrittenText({ caption, rewritten }: { readonly caption: string; readonly rewritten: Rewritten }) {
  const { model, fields, checked } = rewritten
  return (
    <>
      {fields ? <Fields rewritten={rewritten} /> : <Sentences caption={caption} checked={checked} />}
      <p className="text-note text-quiet">
        {t('Rewritten by {model}. The figures say how much the clip supports each part, from 0 to 1.', { model })}
      </p>
    </>
  )
}

function Sentences({ caption, checked }: { readonly caption: string; readonly checked: readonly CheckedPart[] }) {
  let at = 0
  const parts = checked.map((part) => {
    const start = at
    const found = caption.indexOf(part.text, at)
    if (found >= 0) at = found + part.text.length
    return { part, start, text: caption.slice(start, at) }
  })
  return (
    <p className="wrap-anywhere whitespace-pre-wrap">
      {parts.map(({ part, start, text }) => (
        <span key={start}>
          {text} <Support part={part} />
        </span>
      ))}
      {caption.slice(at)}
    </p>
  )
}

function Fields({ rewritten: { fields = {}, checked } }: { readonly rewritten: Rewritten }) {
  return (
    <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1">
      {leavesOf(fields).map(({ field, value }) => {
        const part = checked.find((one) => one.field === field)
        return (
          <div key={field} className="contents">
            <dt className="text-quiet">{field}</dt>
            <dd className="wrap-anywhere">
              {value === '' || value === null ? <span className="text-quiet">{t('not told')}</span> : String(value)}{' '}
              {part && <Support part={part} />}
            </dd>
          </div>
        )
      })}
    </dl>
  )
}

function Support({ part: { support } }: { readonly part: CheckedPart }) {
  if (support === null) return null
  const { className, name } = supportLevel(support)
  return (
    <span
      className={`support ${className} text-note tabular-nums`}
      title={t('Support {support}: {level}', { support: supportText(support), level: name })}
    >
      {supportText(support)}
    </span>
  )
}
