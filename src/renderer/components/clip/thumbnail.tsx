import { Film as FilmIcon } from 'lucide-react'
import { useEffect } from 'react'
import { useThumbnails } from '../../stores/thumbnails.ts'
import { Jpeg } from './jpeg.tsx'

/** Thumbnail of a clip; an icon if there is none. */
export function Thumbnail({ handle, className = '' }: { readonly handle: string; readonly className?: string }) {
  const jpeg = useThumbnails((state) => state.known.get(handle))
  const load = useThumbnails((state) => state.load)
  useEffect(() => load(handle), [load, handle])
  if (jpeg) return <Jpeg jpeg={jpeg} label="" className={className} />
  return (
    <div className={`grid place-items-center bg-sunk text-quiet ${className}`}>
      <FilmIcon size={20} aria-hidden="true" />
    </div>
  )
}
