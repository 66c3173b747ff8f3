import { memo } from 'react'
import Markdown, { type Components } from 'react-markdown'
import remarkGfm from 'remark-gfm'
import { TIME_ADDRESS, timeLinks } from '../../lib/time-links.ts'
import { useClip } from '../../stores/clip.ts'
import { seekTo } from '../../stores/player.ts'

// A model's headings must not become headings of the page.
const heading: Components['h1'] = ({ children }) => <p className="font-semibold">{children}</p>
export const headings: Components = { h1: heading, h2: heading, h3: heading, h4: heading, h5: heading, h6: heading }

const components: Components = {
  ...headings,
  a: ({ href, children }) =>
    href?.startsWith(TIME_ADDRESS) ? (
      <TimeButton seconds={Number(href.slice(TIME_ADDRESS.length))}>{children}</TimeButton>
    ) : (
      <u>{children}</u>
    ),
}

/** Renders a model's Markdown without raw HTML, images or external links. Times become links that seek the player. */
export const Prose = memo(function Prose({ text }: { readonly text: string }) {
  return (
    <div className="prose">
      <Markdown
        remarkPlugins={[remarkGfm, timeLinks]}
        components={components}
        disallowedElements={['img', 'input']}
        urlTransform={timesOnly}
      >
        {text}
      </Markdown>
    </div>
  )
})

function timesOnly(url: string): string {
  return url.startsWith(TIME_ADDRESS) ? url : ''
}

function TimeButton({ seconds, children }: { readonly seconds: number; readonly children: React.ReactNode }) {
  const duration = useClip((state) => state.metadata?.duration ?? 0)
  if (!(seconds <= duration)) return children
  return (
    <button
      type="button"
      className="rounded-mark text-accent underline decoration-dotted underline-offset-3 hover:decoration-solid"
      onClick={() => seekTo(seconds, duration)}
    >
      {children}
    </button>
  )
}
