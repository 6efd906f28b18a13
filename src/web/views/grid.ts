/**
 * How tiles fill a space: with as much picture as possible, and never more than fits.
 */
/** The size of one tile, in pixels. */
interface Grid {
  readonly width: number;
  readonly height: number;
}

/** Wider than a film shows a wall, narrower than this a face fills all of it. */
const widest = 16 / 9;
const narrowest = { landscape: 4 / 3, portrait: 4 / 5 };

export function arrange(count: number, width: number, height: number, gap: number): Grid {
  const least = width >= height ? narrowest.landscape : narrowest.portrait;
  let best: Grid = { width: 0, height: 0 };
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const cellWidth = (width - gap * (columns - 1)) / columns;
    const cellHeight = (height - gap * (rows - 1)) / rows;
    const tileWidth = Math.floor(Math.min(cellWidth, cellHeight * widest));
    const tileHeight = Math.floor(Math.min(cellHeight, cellWidth / least));
    if (tileWidth * tileHeight > best.width * best.height) best = { width: tileWidth, height: tileHeight };
  }
  return best;
}
