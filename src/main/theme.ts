import { nativeTheme } from 'electron'
import { z } from 'zod'
import { channels } from '../shared/bridge.ts'
import { onPage } from './page-channels.ts'

const themeSchema = z.enum(['system', 'light', 'dark'])

/** Title bar, menus and dialogs follow the colours that the page was given; unless told otherwise all of them follow the system. */
export function setupTheme(): void {
  onPage(channels.theme, (_page, sent) => {
    const theme = themeSchema.safeParse(sent)
    if (theme.success) nativeTheme.themeSource = theme.data
  })
}
