import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './components/app.tsx'
import { followTheme } from './stores/theme.ts'

/** Draws the page into `index.html`. */
export function showPage(): void {
  const root = document.getElementById('root')
  if (!root) throw new Error('index.html has no element with the id "root".')
  followTheme(document.documentElement)
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  )
}
