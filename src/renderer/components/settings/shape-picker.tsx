import { useId, useState } from 'react'
import { asTarsierError } from '../../../shared/errors.ts'
import type { CaptionShape } from '../../../shared/shaping/caption-shape.ts'
import { parseShape } from '../../../shared/shaping/parse-shape.ts'
import { readyShape, type readyShapeNames, readyShapes } from '../../../shared/shaping/ready-shapes.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { useTyped } from '../../hooks/use-typed.ts'
import { controlClass } from '../ui/field.tsx'

interface ShapePickerProps {
  readonly id: string
  readonly describedBy: string
  readonly value: CaptionShape | null
  /** Stores another shape; returns whether it did. */
  readonly onChange: (shape: CaptionShape | null) => boolean | Promise<boolean>
}

/** Value of the entry for a shape that came from a file. */
const FROM_FILE = 'file'

/** Titles of the ready shapes. */
const titles: Readonly<Record<string, string>> = {
  'short-caption': t('Short caption'),
  'long-caption': t('Long caption'),
  'one-sentence': t('One sentence'),
  tags: t('Tags'),
  'one-line': t('One line'),
  fields: t('Fields'),
} satisfies Readonly<Record<(typeof readyShapeNames)[number], string>>

/** Chooses the shape of captions: none, a ready one, or one from a file; and its prefix. */
export function ShapePicker({ id, describedBy, value, onChange }: ShapePickerProps) {
  const fileId = useId()
  const prefix = useTyped(value?.prefix ?? '', (text) => (value ? onChange({ ...value, prefix: text }) : false))
  const [problem, setProblem] = useState<string | null>(null)
  const ready = value && isReady(value)
  const choose = (name: string) => {
    setProblem(null)
    const shape = readyShape(name)
    void onChange(shape ? { ...shape, prefix: hasPrefix(shape) ? (value?.prefix ?? '') : '' } : null)
  }
  const open = async (file: File) => {
    try {
      void onChange(parseShape(await file.text(), file.name))
      setProblem(null)
    } catch (error) {
      setProblem(asTarsierError(error).message)
    }
  }
  return (
    <div className="grid gap-2">
      <select
        id={id}
        aria-describedby={describedBy}
        className={controlClass}
        value={value === null ? '' : ready ? value.name : FROM_FILE}
        onChange={(event) => choose(event.target.value)}
      >
        <option value="">{t('None: the model’s own text')}</option>
        {readyShapes.map(({ name }) => (
          <option key={name} value={name}>
            {titles[name] ?? name}
          </option>
        ))}
        {value && !ready && <option value={FROM_FILE}>{t('{name} (from a file)', { name: value.name })}</option>}
      </select>
      {value && hasPrefix(value) && (
        <input
          aria-label={t('Text before each caption')}
          placeholder={t('Text before each caption, such as a trigger word')}
          className={controlClass}
          maxLength={1000}
          value={prefix.text}
          onChange={(event) => prefix.type(event.target.value)}
          onBlur={() => prefix.store()}
        />
      )}
      <label htmlFor={fileId} className="text-control text-quiet">
        {t('Rules from a file:')}{' '}
        <input
          id={fileId}
          type="file"
          accept=".json,application/json"
          className="max-w-full text-note file:mr-2 file:min-h-7 file:rounded-control file:border file:border-line file:bg-panel file:px-2.5 file:font-medium file:text-text hover:file:border-edge hover:file:bg-sunk"
          onChange={(event) => {
            const file = event.target.files?.[0]
            if (file) void open(file)
            // So that the same file can be chosen again after it was changed.
            event.target.value = ''
          }}
        />
      </label>
      {problem && (
        <p role="alert" className="text-note text-danger">
          {translate(problem)}
        </p>
      )}
    </div>
  )
}

/** Whether captions of a shape are texts, which may begin with another one. */
function hasPrefix({ rewrite }: CaptionShape): boolean {
  return rewrite?.kind !== 'fields'
}

/** Whether a shape is a ready one with a prefix of the user. */
function isReady(shape: CaptionShape): boolean {
  const ready = readyShape(shape.name)
  return ready !== undefined && JSON.stringify({ ...ready, prefix: shape.prefix }) === JSON.stringify(shape)
}
