import { Minus, Plus } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../shared/text.ts'
import { IconButton } from './icon-button.tsx'
import { NumberInput } from './number-input.tsx'

interface NumberSliderProps {
  readonly id: string
  readonly describedBy: string
  readonly label: string
  /** Null for the default. */
  readonly value: number | null
  /** The value that applies if there is none. */
  readonly usual: number
  readonly min: number
  readonly max: number
  readonly step: number
  readonly onChange: (value: number | null) => void
}

/** A number with a slider, buttons for one step, and a field to type it. The slider commits when it is let go. */
export function NumberSlider({ id, describedBy, label, value, usual, min, max, step, onChange }: NumberSliderProps) {
  const [dragged, setDragged] = useState<number | null>(null)
  const now = dragged ?? value ?? usual
  const commit = () => {
    if (dragged !== null && dragged !== value) onChange(rounded(dragged))
    setDragged(null)
  }
  const by = (steps: number) => onChange(rounded(Math.min(max, Math.max(min, Math.round((now + steps * step) / step) * step))))
  return (
    <div className="flex items-center gap-1">
      <input
        type="range"
        aria-label={t('{name}, slider', { name: label })}
        className="slider mr-2 min-w-0 flex-1"
        min={min}
        max={max}
        step={step}
        value={now}
        onChange={({ target }) => setDragged(Number(target.value))}
        onPointerUp={commit}
        onKeyUp={commit}
        onBlur={commit}
      />
      <IconButton
        icon={Minus}
        label={t('Less: {name}', { name: label })}
        why={now > min ? null : t('The lowest value')}
        onClick={() => by(-1)}
        className="size-7"
      />
      <div className="w-16">
        <NumberInput
          id={id}
          describedBy={describedBy}
          value={dragged === null ? value : rounded(dragged)}
          placeholder={String(usual)}
          min={min}
          max={max}
          step={step}
          onChange={onChange}
        />
      </div>
      <IconButton
        icon={Plus}
        label={t('More: {name}', { name: label })}
        why={now < max ? null : t('The highest value')}
        onClick={() => by(1)}
        className="size-7"
      />
    </div>
  )
}

/** Multiples of a step such as 0.1 have no exact binary form. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000
}
