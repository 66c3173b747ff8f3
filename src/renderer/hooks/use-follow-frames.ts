import { useEffect } from 'react'
import { askSettings } from '../lib/ask-settings.ts'
import { useChat } from '../stores/chat.ts'
import { useClip } from '../stores/clip.ts'
import { useCost } from '../stores/cost.ts'
import { useFrames } from '../stores/frames.ts'
import { useModels } from '../stores/models.ts'
import { usePlayer } from '../stores/player.ts'
import { useSettings } from '../stores/settings.ts'
import { useQuestionText } from './use-question-text.ts'

/** Characters. */
const SHORT_TEXT = 200
/** Debounces changes, for example while a slider is being dragged. */
const DEBOUNCE_MS = 250

/** Updates the filmstrip and the cost when the clip or any setting of the next question changes. */
export function useFollowFrames(): void {
  const metadata = useClip((state) => state.metadata)
  const values = useSettings((state) => state.view?.values)
  const installed = useModels((state) => state.installed)
  const range = usePlayer((state) => state.range)
  const picked = usePlayer((state) => state.picked)
  const chat = useChat((state) => state.chat)
  const idle = useChat((state) => state.run === null)
  const turns = chat?.all.length
  const [text] = useQuestionText()
  // A short question changes the cost too little to count it with every letter.
  const counted = text.length > SHORT_TEXT ? text : ''
  // biome-ignore lint/correctness/useExhaustiveDependencies: only the id and length of the conversation matter.
  useEffect(() => {
    if (!metadata?.present || !values) return
    const timer = setTimeout(() => {
      const model = installed.find(({ name }) => name === values.model)
      const settings = askSettings({ range, picked }, values, model, chat?.all.at(-1)?.settings)
      const { handle } = metadata
      const { model: name, frames, maxPixels } = settings
      const frameSelection = { handle, ...(name && { model: name }), ...(frames && { frames }), ...(maxPixels && { maxPixels }) }
      void useFrames.getState().follow(frameSelection)
      // During the first answer, the page shows when it is to be expected.
      if (!idle && useCost.getState().cost) return
      const asked = idle && chat?.clip === handle ? chat.id : undefined
      void useCost.getState().estimate(handle, asked, settings, counted)
    }, DEBOUNCE_MS)
    return () => clearTimeout(timer)
  }, [metadata, values, installed, range, picked, chat?.id, turns, idle, counted])
}
