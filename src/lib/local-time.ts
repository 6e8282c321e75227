/** A day and a time of it in local time, as the journal has them. */
export interface LocalTime {
  readonly day: string;
  readonly time: string;
}

export function localTime(at: number): LocalTime {
  const date = new Date(at);
  const two = (part: number): string => String(part).padStart(2, "0");
  return {
    day: `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`,
    time: `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`,
  };
}

export function formatTime(at: number): string {
  const { day, time } = localTime(at);
  return `${day} ${time}`;
}
