/**
 * MESSAGE_ID of the events that the journal explains (`journalctl -x`): journald's catalogue is packaging/journal/holdfast.catalog.
 * An id is for ever: other programs wait for it. systemd.journal-fields(7).
 */
export const messageIds: Readonly<Record<string, string>> = {
  "generation-active": "4de0de9572b74f70b1f1e117eccfe9ee",
  "upgrade-done": "26b030b3726d4f03a712eccd7a6cb703",
  "upgrade-failed": "e8cf43ad78ad488fb42e2e9c435c6932",
  "worker-crashed": "9d5c8d0c965d4db084f8443ecdb3e915",
  "worker-overdue": "fa12b9ebeb90482ea880cc046506d9f9",
  "drain-overdue": "b0d85e093f4c4395a6119acd3341334e",
  "drain-killed": "23c70ae1924943b79a8865730c5f2bcd",
  recovered: "22457575ff824abe80ff48160d81e437",
  drained: "f79a3585d3e742c6b0ca0d33860b85aa",
};
