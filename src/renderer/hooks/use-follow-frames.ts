import { useEffect } from 'react'
import { askSettings } from '../lib/ask-settings.ts'
import { useChat } from '../stores/chat.ts'
import { useClip } from '../stores/clip.ts'
import { useCost } from '../stores/cost.ts'
import { useFrames } from '../stores/frames.ts'
import { useModels } from '../stores/models.ts'
import { usePlayer } from '../stores/player.ts'
import { useSettings } from '../stores/settings.ts'

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
      if (idle) void useCost.getState().estimate(handle, chat?.clip === handle ? chat.id : undefined, settings)
    }, DEBOUNCE_MS)
    return () => clearTimeout(timer)
  }, [metadata, values, installed, range, picked, chat?.id, turns, idle])
}
