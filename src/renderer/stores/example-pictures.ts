import { create } from 'zustand'
import { service } from '../transport.ts'

interface ExamplePicturesState {
  /** Base64-encoded JPEG by example name. */
  readonly known: Readonly<Record<string, string>>
  readonly load: (name: string) => void
}

const requested = new Set<string>()

export const useExamplePictures = create<ExamplePicturesState>((set) => ({
  known: {},
  load: (name) => {
    if (requested.has(name)) return
    requested.add(name)
    const get = async () => {
      const { handle } = await service.clips.openExample({ name })
      const { jpeg } = await service.clips.thumbnail({ handle })
      if (jpeg) set(({ known }) => ({ known: { ...known, [name]: jpeg } }))
    }
    // An example without a picture is still offered; its picture is requested again next time.
    get().catch(() => requested.delete(name))
  },
}))
