import type { Browser, Page } from "playwright-core";

export function launchChromium(extra?: readonly string[]): Promise<Browser>;
export function joinMeeting(page: Page, name: string): Promise<void>;
