import { expect } from '@playwright/test'
import { Library } from '../../src/library/library.ts'
import { seen } from '../unit/library/kept.ts'
import { expectAccessible, room, test } from './helpers/app.ts'

test('every row of a long batch says how many there are in all, not how many are loaded', async ({ page, place }) => {
  test.slow()
  await place.restart((home) => {
    using library = new Library(home)
    const keys = Array.from({ length: 450 }, (_, i) => library.clips.add(seen(`/clips/${i}.mp4`)).key)
    const { id } = library.batches.create({ title: 'Many', question: null, settings: {}, skipDescribed: false }, keys)
    library.batches.setState(id, 'paused')
  })
  await page.goto(place.tarsier.address)
  await room(page, 'Batches').click()
  await page.getByText('Many', { exact: true }).click()
  const rows = page.getByRole('region', { name: 'Clips of the batch' }).getByRole('listitem')
  await expect(rows.first()).toHaveAttribute('aria-setsize', '450')
  await expect(rows.first()).toHaveAttribute('aria-posinset', '1')
  await expectAccessible(page)
})
