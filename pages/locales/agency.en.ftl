# The agency's pages: posting shifts, who comes, the gate, hours
a-name = Agency
a-pages = Pages
a-skip = Skip to content
a-nav-board = Shifts and people
a-nav-gate = Gate
a-nav-sheet = Timesheet
a-log-out = Log out
a-back = Back
a-clock = { $d }/{ $m } { $a }
a-line-cut = Line cut; all of this still works
a-line-up = In step with the centre
a-and = {", "}

a-login-title = Agency log-in
a-login-means = Enter the key that you were given with your account. You are logged out after twelve hours.
a-login-key = Key
a-login-go = Log in
a-login-wrong = This key is wrong, or may not hire in this region

a-trouble = That was not done
a-trouble-unknown = There is no such ticket or shift here
a-trouble-busy = The machine is busy; try again in a moment
a-trouble-frozen = This machine is out of service and changes nothing. Call the operator
a-trouble-full = The machine's disk is full; nothing was changed. Call the operator
a-trouble-foreign = This page is out of date. Open it again and do it once more
a-trouble-not-confirmed = This place is not confirmed, so that cannot be done
a-trouble-came = This person has arrived; the place cannot be taken
a-trouble-not-in = This person has not been checked in
a-trouble-early = “Did not come” can be marked from 30 minutes before the start. Until then you can cancel the place
a-trouble-begun = The shift has begun; its times stay
a-trouble-bad = Something in the form cannot be read; please correct it
a-trouble-broken = The machine failed; nothing was changed. Try again

a-post-title = Post shifts
a-post-means = Open for sign-up at once, also with the line cut.
a-ways = How to fill in
a-way-yesterday = Same as yesterday
a-way-paste = Paste a table
a-way-rows = Row by row
a-copied = { $n ->
    [one] 1 row copied from yesterday. Change it and send.
   *[other] { $n } rows copied from yesterday. Change them and send.
    }
a-nothing-yesterday = Nothing was posted yesterday. Paste a table or go row by row.
a-read = { $n ->
    [one] 1 row read
   *[other] { $n } rows read
    }
a-sent = { $n ->
    [one] 1 shift is out and open for sign-up
   *[other] { $n } shifts are out and open for sign-up
    }
a-paste-label = Copy from your spreadsheet and paste here
a-paste-example = Job  Place  Start  End  Pay  People  Paid daily  Meal  Bed  Wait list
a-paste-hint = Names and order of the columns may differ; without headings the order above counts
a-paste-read = Read the table
a-col-title = Job
a-col-place = Place
a-col-start = Start
a-col-end = End
a-col-pay = Pay
a-col-seats = People
a-perk-daily = D
a-perk-meal = M
a-perk-bed = B
a-perk-daily-long = Paid daily
a-perk-meal-long = Meal
a-perk-bed-long = Bed
a-cell = Row { $n }: { $a }
a-drop = Drop row { $n }
a-add-row = + Add a row
a-yellow = Yellow
a-changed = Not as yesterday: { $a }
a-total = { $n ->
    [one] 1 shift
   *[other] { $n } shifts
    }, { $m ->
    [one] 1 person
   *[other] { $m } people
    }
a-total-good = ready
a-total-none = No shift is ready yet
a-kept = Row { $a } stays until it is mended
a-send = { $n ->
    [one] Send 1 shift
   *[other] Send { $n } shifts
    }
a-send-some = Send
a-note-tomorrow = starts tomorrow
a-note-next-day = ends the next day
a-note-hourly = paid by the hour
a-note-wait = freed places: { $a }
a-ask-title = What is the work?
a-ask-time = What time? Write it like 06:30
a-ask-pay = How much? Write it like 240
a-ask-seats = How many people?
a-ask-refused = This cannot go out: { $a }
a-ask-next-day = { $a } is not after { $b }. Until the next day?
a-yes-next-day = Yes, { $a } next day
a-ask-tomorrow = { $a } is over (it is { $b }). Tomorrow?
a-yes-tomorrow = Yes, tomorrow { $a }
a-ask-hourly = Only { $a } for so long? Is that for an hour?
a-yes-hourly = Yes, { $a } an hour
a-ask-again = The same shift is there already. One more of it?
a-yes-again = Yes, one more
a-ask-long = { $a } to { $b } is more than 16 hours. Right?
a-yes-long = Yes, that long
a-ask-wait = “{ $a }” does not say who gets a freed place. In the table write first come, seniority or draw
a-yes-wait = Leave it out: as chosen below

a-who-today = Who comes today
a-who-day = Who comes on { $a }
a-days = Which day
a-yesterday = Yesterday
a-today = Today
a-tomorrow = Tomorrow
a-no-shifts = No shift on this day yet.
a-list-long = All { $n } shifts of the day are in this list: scroll in it, or press the arrow keys
a-nobody-yet = Nobody has signed up yet.
a-arrived = Arrived
a-confirmed = Confirmed
a-free = Free
a-of-all = Confirmed / all
a-queue-head = In line
a-wanted = Wanted
a-closed = closed
a-order = No.
a-code = Ticket
a-now = State
a-queue = Line { $n }
a-folded = { $n ->
    [one] 1 more has arrived; open
   *[other] { $n } more have arrived; open
    }
a-state-in = Arrived { $a }
a-state-out = Left { $a }
a-state-late = Not here yet
a-state-confirmed = Confirmed
a-state-requested = Asking the centre
a-state-first = Gets the next free place
a-state-draw = In the draw
a-state-waits = { $n } ahead
a-state-ending = Being cancelled
a-state-cancelled = Gave it back
a-state-no-show = Did not come
a-state-employer = Cancelled by you
a-state-ended = Cancelled
a-end-short = No-show / cancel
a-end-title = { $a }: take this place?
a-end-next = { $n ->
    [one] The place goes to the one person in line.
   *[other] The place goes to the next of { $n } in line.
    }
a-end-free = Nobody is in line, so the place becomes free.
a-end-told = The ticket will say why.
a-end-no-show = Did not come
a-end-dismiss = We cancel this place
a-end-keep = No, keep the place
a-end-over = This place is over, or its end was asked for
a-end-unheard = { $a } holds this place and has no line. The place ends once it is heard; until then its worker may still come and be let in.
a-rule = Not here by { $a }: the place goes to the next in line
a-rule-off = Places of those who do not come stay theirs
a-rule-off-note = Choose a time, or mark people one by one.
a-rule-scan-first = Counts once the first person was checked in at this machine's gate.
a-rule-left = { $n ->
    [one] 1 minute to go.
   *[other] { $n } minutes to go.
    }
a-rule-over = The time is over.
a-rule-label = Minutes after the start
a-rule-never = Never by itself
a-rule-minutes = { $n } minutes after the start
a-rule-change = Change
a-wait = Who gets a freed place
a-wait-same = As yesterday
a-wait-arrival = The next in line
a-wait-seniority = Whoever has worked for us longest
a-wait-lottery = A public draw before the start
a-wait-by-seniority = A freed place goes to whoever has worked for you longest.
a-wait-by-draw = Freed places are drawn at { $a }; nobody gets one before.
a-wait-was-drawn = The line was drawn. Anybody can check it.

a-gate-label = Six digits, or scan the QR code
a-gate-next = Next: six digits, or scan the QR code
a-gate-look = Look
a-gate-hint = A scanner types by itself: tap the field, then scan the worker's QR code.
a-gate-count = arrived / confirmed, of the shifts that may come in now
a-gate-hub = The gate is at the halls, where people stand. A hall's machine knows who has a place there, also with the line cut.
a-gate-hub-where = On the machine of the hall, open its address with /agency/gate behind it, and log in with the same key.
a-gate-hub-halls = Halls of this region: { $a }
a-gate-check-in = Check in
a-gate-check-out = Check out
a-gate-good = May come in
a-gate-good-means = The place is theirs. Press “Check in”.
a-gate-receipt = The ticket is genuine
a-gate-receipt-means = Signed by another machine; this one has not heard of it yet. The signature is enough to come in, and the time is kept until the ticket arrives here.
a-gate-in = Arrived { $a }
a-gate-in-means = Checked in.
a-gate-out = Left { $a }
a-gate-out-means = Checked out. The hours are in the timesheet.
a-gate-waits = Still in line
a-gate-waits-means = No place. It is their turn when somebody gives one back.
a-gate-requested = Not decided
a-gate-requested-means = The centre has not answered yet; no place.
a-gate-other-day = Not today
a-gate-other-day-means = The ticket is genuine, but for another day.
a-gate-given-back = Given back
a-gate-given-back-means = They gave it back; the place is not theirs any more.
a-gate-no-show = Marked as not come
a-gate-no-show-means = The place went to the next in line.
a-gate-ended = Cancelled ticket
a-gate-ended-means = This place was cancelled.
a-gate-unknown = No such ticket
a-gate-unknown-means = Check the digits. Tickets of other agencies are not shown here either.
a-gate-unreadable = Cannot be read
a-gate-unreadable-means = Six digits, or all of the QR code's text. With one letter changed a ticket is not genuine.

a-sheet-title = Timesheet
a-sheet-day = Day
a-sheet-show = Show
a-sheet-csv = Download CSV
a-sheet-nobody = Nobody was checked in on this day.
a-sheet-came = In
a-sheet-left = Out
a-sheet-measured = Measured
a-sheet-agency = We confirm
a-sheet-worker = Worker says
a-sheet-field = Hours of { $a }
a-sheet-confirm = Confirm
a-sheet-confirm-all = Confirm all
a-sheet-confirmed = { $n ->
    [one] Hours of 1 person confirmed
   *[other] Hours of { $n } people confirmed
    }
a-sheet-inside = Still inside
a-sheet-agreed = Agreed
a-sheet-disputed = Not the same
a-sheet-yours = Yours to confirm
a-sheet-theirs = Worker to confirm
a-sheet-means = Write hours as hours:minutes. Workers open their ticket at a kiosk and confirm, or write another figure. The last line of the file is this machine's signature.
a-sheet-send = Send to the agency's system
a-sheet-sent = On its way to the agency's system

a-seats-open = Seats / close
a-seats-title = Seats of this shift
a-seats-label = Number of seats
a-seats-lowest = { $n ->
    [one] At least 1
   *[other] At least { $n }: so many are confirmed
    }
a-seats-change = Change the number of seats
a-seats-below = { $n ->
    [one] 1 is confirmed; the smallest possible is 1
   *[other] { $n } are confirmed; the smallest possible is { $n }
    }
a-bump-means = { $n ->
    [one] To come to { $m }, the person who signed up last loses the place; the ticket says that the shift was cut. This cannot be undone.
   *[other] To come to { $m }, the { $n } who signed up last lose their places, those who have arrived after all others; their tickets say that the shift was cut. This cannot be undone.
    }
a-bump-go = { $n ->
    [one] End the last place
   *[other] End the last { $n } places
    }
a-seats-range = Write a number from 1 to { $n }
a-seats-no-line = This needs the line to the centre; nothing was changed. Sign-ups go on
a-seats-no-answer = The centre did not answer in time. Look at the number in a minute before you try again
a-seats-closed = This shift is closed
a-done-cap = { $n ->
    [one] Done: the shift has one place now
   *[other] Done: the shift has { $n } places now
}
a-done-closed = Done: the shift is closed, and everybody on it is told that it is off
a-seats-back = Back to the shift
a-close-title = Close the shift
a-close-means = Nobody can sign up any more. Whoever has a place or waits ({ $n } confirmed, { $m } in line) is told that it is off. This cannot be undone.
a-close-means-nobody = Nobody can sign up any more. This cannot be undone.
a-close-go = Close the shift

a-nav-who = Who comes
a-regions = Regions
a-login-wait = { $n ->
    [one] Too many wrong keys. Wait 1 second and try again
   *[other] Too many wrong keys. Wait { $n } seconds and try again
    }
a-who-live = Who comes, alone and kept up to date
a-who-is-live = This page renews itself every ten seconds.
a-as-of = as the centre knows it at { $a }
a-held-title = Where the places are
a-held-node = Kiosk
a-held-known = Known until
a-held-free = Still to give
a-held-now = now
a-held-since = not heard since { $a }
a-held-before = not heard since the centre was started
a-held-over = out of service
a-held-centre = The centre
a-unheard = { $n ->
    [one] At most 1 more person may be confirmed where nothing is heard; that is not in this list yet.
   *[other] At most { $n } more people may be confirmed where nothing is heard; they are not in this list yet.
    }
a-silent = { $a }: { $b }. Who signed up, gave back or arrived there since is not seen here yet.
a-left-out = { $n ->
    [one] 1 more shift of this day is not listed
   *[other] { $n } more shifts of this day are not listed
    }
a-sheet-hub-means = The agency confirms hours on the page of a kiosk, and workers at a kiosk. The last line of the file is the centre's signature.
a-who-still = Stop renewing
a-post-means-centre = Open for sign-up at every kiosk of the region; a kiosk whose line is cut hears of it once it is back.
