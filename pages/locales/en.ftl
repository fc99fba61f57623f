### The words of the kiosk. Short, spoken, kind. First what is certain, then what to do.
### $n is a count, $a and $b are names, times, numbers. <b> may be used.

language-name = English
language-tag = en
language-direction = ltr
lang-start = Start looking
lang-short = EN
hall-kiosk = Kiosk { $a }
date = { $w ->
    [1] Mon
    [2] Tue
    [3] Wed
    [4] Thu
    [5] Fri
    [6] Sat
   *[7] Sun
    } { $d } { $m ->
    [1] Jan
    [2] Feb
    [3] Mar
    [4] Apr
    [5] May
    [6] Jun
    [7] Jul
    [8] Aug
    [9] Sep
    [10] Oct
    [11] Nov
   *[12] Dec
    }
today = Today
tomorrow = Tomorrow
night = Night
any-day = Any day
hours = <b>{ $a }</b> to { $b }
hours-next-day = <b>{ $a }</b> to { $b } next day

tool-big = Large
tool-mine = Mine
tool-help = Help
tool-home = Start again
back = Back
skip-to-jobs = Skip to content
listen = Listen

foot-ok = All working
foot-in-step = { $n ->
    [0] Last update just now
   *[other] Last update { $n } min ago
    }
foot-cut-title = { $n ->
    [0] Just cut off from the centre
   *[other] Cut off for { $n } min
    }
foot-cut = Cut off from the centre for { $n } min; what is green still counts
foot-cut-still = What is green here still counts
foot-frozen-title = No sign-ups
foot-frozen-do = Use another kiosk
foot-alone-title = No centre yet
foot-alone = Not yet in touch with the centre; what is green still counts

idle-title = Still there?
idle-means = If not, the screen is wiped. Your ticket is kept
idle-stay = I am here

synthetic-short = Synthetic demo data, made by a program
synthetic-long = Shifts and pay are synthetic demo data, made by a program. Not a real offer.
redated-mark = Old posting
redated-short = Old real postings; the day and the hours are made up
redated-long = An old real posting, not an offer of today: the day and the hours are made up.

start-sample = Sorter
attract-best = the best pay just now
attract-next = the next one starts then
attract-promise = Confirmed is confirmed: no place is given to two people
attract-touch = Touch to begin

start-title = Find work for today
start-now = jobs you can get on the spot, right now
start-none = none to be had on the spot now; you can queue
start-size = How large should the text be?
start-normal = Normal
start-touch = Touch your language to start

near-title = Near me
soonest-title = Soonest jobs
soonest-means = Confirmed on the spot first, then the soonest: this kiosk does not know where it stands
count-today = { $n ->
    [one] 1 job today
   *[other] { $n } jobs today
    }
count-tomorrow = { $n ->
    [one] 1 job tomorrow
   *[other] { $n } jobs tomorrow
    }
count-any = { $n ->
    [one] 1 job, any day
   *[other] { $n } jobs, any day
    }
count-night = { $n ->
    [one] 1 night job
   *[other] { $n } night jobs
    }
count-within = within { $n } km, or place not said
count-here = { $n } on the spot
filters = Filters
filter-here = <span class="more">Only </span>on the spot
search-label = What kind of job
search-hint = Find a job
search-go = Go
search-clear = Show all jobs
offer-here = On the <wbr>spot
offer-ask = Ask the <wbr>centre
offer-queue = Wait <wbr>in line
offer-nothing = Not <wbr>here
per-shift = for { $n } hours
per-hour = an hour
per-day = a day
perk-pay = Paid daily
perk-meal = Meal
perk-bed = Bed
perk-night = Night
walk = <b>{ $n }</b> min walk
ride = <b>{ $n }</b> km away
seats-left = <b>{ $n }</b> left
seats-everywhere = { $n } in all,{ " " }
seats-elsewhere = <b>{ $n }</b> elsewhere
seats-full = <b>Full</b>
seats-waiting = { $n } in line,{ " " }
pager-back = Back
pager-next = Next
pager-at = Page { $n } of { $a }
note-cut = { $n ->
    [0] The line to the centre has just gone down
    [one] The line to the centre is down, since 1 minute
   *[other] The line to the centre is down, since { $n } minutes
    }
note-cut-means = Jobs marked On the spot can still be confirmed.
note-stale = Places elsewhere are as of { $n } minutes ago
note-stale-means = The places at this kiosk are right.
note-widened = { $n ->
    [0] Nothing within { $a } km
    [one] Only 1 job within { $a } km
   *[other] Only { $n } jobs within { $a } km
    }
note-widened-means = Widened to { $a } km: { $n } found.
heard = as of { $a }
heard-once = as last heard
empty-title = Nothing here
empty-narrowed = Nothing found this way. Try with one filter less.
empty-tomorrow = See tomorrow
empty-any = See all days
empty-next = The next one starts: { $a } { $b }
empty-none-ahead = None later either, so far. Please look again in a while.
empty-none-here = None on the spot now
empty-others = { $n ->
    [one] There is 1 other job: wait in line or ask the centre.
   *[other] There are { $n } other jobs: wait in line or ask the centre.
    }
empty-see-others = See them
none-today = No more jobs today
none-tomorrow = No jobs tomorrow
none-night = No night jobs tonight or tomorrow
none-any = No jobs now
all-taken = All places are taken
all-taken-means = You can wait in line: when somebody leaves, the next one gets the place.

find-title = What kind of work?
find-short = Kinds
find-all = All work
find-words = Often looked for
find-none = Nothing at this time. Try another day.
kind-cleaning = Cleaning
kind-construction = Construction
kind-delivery = Delivery
kind-factory = Factory
kind-farming = Farming
kind-kitchen = Kitchen
kind-loading = Loading
kind-moving = Moving
kind-packing = Packing
kind-retail = Shop
kind-security = Security
kind-serving = Serving
kind-sorting = Sorting
kind-warehouse = Warehouse
kind-other = Other work

job-wrote = The poster writes: { $a }
job-hourly = { $a }{ $n } an hour
job-paid-today = paid the same day
job-here = { $n ->
    [one] <b>1</b> place left here
   *[other] <b>{ $n }</b> places left here
    }
job-elsewhere = { $n ->
    [one] <b>1</b> place left elsewhere
   *[other] <b>{ $n }</b> places left elsewhere
    }
job-queue-now = Full, <b>{ $n }</b> in line
job-everywhere = { $n } in all,{ " " }
job-starts-in = Starts in { $n } minutes
job-starts-in-hours = Starts in about { $n } hours
job-walk = { $n ->
    [one] 1 minute's walk
   *[other] { $n } minutes' walk
    }
job-ride = { $n } km away
job-map = From the hall to the { $a }, { $b }
map-title = Where it is: the hall in the middle, north at the top
ring-minutes = { $n } min walk
ring-km = { $n } km
north = N
dir-n = north
dir-ne = north-east
dir-e = east
dir-se = south-east
dir-s = south
dir-sw = south-west
dir-w = west
dir-nw = north-west
metres = { $n } m
kilometres = { $a } km
job-bring = Bring these
bring-id = ID card
bring-shoes = Closed shoes
bring-water = Water
bring-gloves = Gloves
bring-health = Health certificate
meal-bed = Meal and bed given
meal-no-bed = Meal given, no bed
bed-no-meal = Bed given, no meal
no-meal-no-bed = No meal, no bed
job-employer = { $a } is hiring
job-want = I want this job
job-ask = Ask for a place
job-queue = Get in line
job-after-want = Next: your phone number, then your ticket at once
job-after-ask = Next: your phone number. Yours only once answered
job-after-queue = Next: your phone number. If someone leaves, the next in line gets it: look under Mine
job-after-queue-seniority = Next: your phone number. If someone leaves, whoever has worked longest for this agency gets it: look under Mine
job-after-queue-draw = Next: your phone number. Free places are drawn on { $a } at { $b }: look under Mine
job-closed = This job takes nobody any more
job-see-others = See other jobs

signup-title = Sign up
signup-step = Step 1 of 2
signup-held = Place kept for you until <b>{ $a }</b>
signup-phone = Phone number
signup-phone-hint = { $n } digits
signup-phone-hint-world = { $a } to { $b } digits, with the country code
pad = Number keys
pad-del = Delete
pad-clear = Clear
signup-why = Only used to keep your place and to give it back. Stored as a code; of those who enrol the number too, locked. No advertising.
signup-missing = { $n ->
    [one] 1 digit to go
   *[other] { $n } digits to go
    }
signup-missing-some = Fill in your phone number
signup-go = Confirm it
signup-go-ask = Send it
signup-go-queue = Get in line
signup-deciding = One moment, it is being decided
signup-phone-wrong-china = Not a mobile number: it has 11 digits and begins with 1
signup-phone-wrong-america = Not a phone number: it has 10 digits
signup-phone-wrong-world = Not a phone number: with its country code it has 7 to 15 digits
signup-again = This number is signed up for this job already
signup-again-see = See that ticket
signup-closed = This job has just closed
too-many = That was too fast. Please try again in a minute.

crew-title = Sign up together
crew-link = Several people
crew-list = Who is on the list
crew-why = All get a place, or nobody does. 2 to 10 people; only the last four digits are shown.
crew-add = Add
crew-who = Card to the scanner, or a phone number
crew-you = You
crew-card = By card
crew-drop = Take off the list: number
crew-go = Confirm all { $n }
crew-few = 2 people at least
crew-size = A crew has 2 to 10 people
crew-twice = This one is on the list already
crew-again = Number { $n } on the list has signed up for this job already
crew-unfit = Number { $n } on the list:
crew-short = { $n ->
    [0] None of the { $a } can be confirmed here now
   *[other] Only { $n } of the { $a } can be confirmed here now
    }
crew-short-do = Nothing was taken. Take somebody off the list, or let each sign up alone: who gets no place waits in line.
crew-alone = Each alone
crew-all = All { $n } have a place
crew-kept = { $n } places are kept for you, not final yet
crew-some = { $n } tickets: please look at each

ticket-confirmed = You have it
ticket-confirmed-means = This place is yours
ticket-provisional = Kept for you, not final yet
ticket-provisional-means = Yours only once the centre has heard of it, by { $a } at the latest
ticket-provisional-said = Yours only once the centre has heard of it
ticket-confirmed-frozen-means = As this kiosk last knew. Have it checked at another kiosk or the office
ticket-waiting = In line
ticket-waiting-means = You are number { $n }. Not yours yet: please do not travel
ticket-waiting-here-means = Number { $n } at this kiosk. Not yours yet: please do not travel
ticket-in-line-means = In line. This kiosk does not know at which place. Not yours yet: please do not travel
ticket-draw = In the draw
ticket-draw-means = Places are drawn on { $a } at { $b }. Not yours yet: please do not travel
ticket-requested = Sent
ticket-requested-means = Waiting for the answer. Not yours yet: please do not travel
ticket-cancelled = Given back
ticket-cancelled-means = Someone else can have the place
ticket-left-line-means = No place and no number in line is kept for you any more
ticket-bumped = Cancelled
ticket-bumped-means = The employer cut the shift and your place. Sorry
ticket-closed-means = The employer called this job off. Sorry
ticket-twice-means = You have another place at that time. That one stays yours
ticket-not-there-means = You were not there in time, so the place went to the next in line
ticket-employer-means = The agency cancelled this place of yours. We are sorry
ticket-rule-means = Your turn came, but a rule keeps you from this job, such as rest between two shifts. You are not in line any more
ticket-unfit-means = Your turn came, but this job asks for something that you do not have. You are not in line any more
ticket-void-means = The kiosk that gave you this place was lost, and the place with it. Sorry. Sign up again: you stand first in line
ticket-giving-back = Giving back
ticket-giving-back-means = The kiosk that holds your place is being told
next-giving-back = Nothing more to do. Look again later with your number
ticket-code = Your number
ticket-keep = Take a photo or note it down. Any kiosk here can show it again.
ticket-keep-print = Take a photo or print it. Any kiosk here can show it again.
ticket-qr = QR code of the ticket
next-be-there = <b>Be there by { $a }</b>
next-be-there-walk = <b>Be there by { $a }</b>, { $n } minutes' walk
next-be-there-ride = <b>Be there by { $a }</b>, { $n } km from here
next-show = Bring your ID card and show this ticket at the gate
next-ahead = { $n ->
    [0] Nobody is ahead of you
    [one] 1 person is ahead of you
   *[other] { $n } people are ahead of you
    }
next-recount = Counted with everyone when the line is back
next-seniority = Whoever has worked longest for this agency stands first. Your number may still rise
next-draw = Nobody gets a freed place before the draw. Anybody can check it
next-your-turn = When it is your turn, this ticket says <b>You have it</b>. Look under <b>Mine</b> later
next-others = { $n ->
    [0] Have a look at other jobs
    [one] 1 other job can be had on the spot
   *[other] { $n } other jobs can be had on the spot
    }
next-no-need = Waiting for the centre. No need to ask twice
next-kept = Before you travel, enter your number here and look at this ticket again
next-look-up = In a few minutes, enter your number here
next-do-not-go = You need not go. It is not your fault
ticket-others = See jobs on the spot
ticket-again = Sign up again
ticket-print = Print
print-crew = Print all
print-card = Print the card
print-under-way = It is being printed: take it below. Nothing comes out?
print-failed = The printer did not print.
print-often = It was printed several times already.
print-photo = Please photograph this number.
print-photo-crew = Please photograph each number.
print-photo-card = Please photograph this card.
slip-printed = Printed { $a }
slip-look = Has it changed since? Any kiosk here tells you by this number.
slip-sample = Sample
slip-sample-means = This is no ticket and worth nothing.
slip-sample-about = If these words are clear and the code can be scanned, the printer is ready.
ticket-done = Next person
ticket-saved = Your ticket is kept
ticket-give-back = I cannot come

give-back-title = I cannot come
give-back-phone = The phone number you signed up with
give-back-wrong = That is not the number you signed up with: please check it
give-back-why = Only the number that you signed up with can give it back.
give-back-go = Give this job back

mine-title = My ticket
mine-ask = Enter the 6 digits of your ticket
mine-missing = { $n ->
    [one] 1 digit to go
   *[other] { $n } digits to go
    }
mine-missing-some = Enter 6 digits
mine-go = Show ticket
mine-over = That ticket was closed here. Enter its 6 digits to see it again.
mine-short = The number has 6 digits
mine-unknown = This number is not known here. Check it; if you signed up elsewhere just now, try again in a few minutes.
too-many-guesses = Too many numbers were wrong. Please wait a minute, then try again. Your ticket is kept.

help-title = How it works
help-colours = Three colours
help-here = Green, tick: yours at once, for certain.
help-ask = Blue, hourglass: the centre decides. Yours only once answered.
help-queue = In line: it is full. Your turn comes by number.
help-cut = When the line is down
help-cut-means = Green still counts. No place is given to two people.
help-lost = Lost your ticket
help-lost-means = Touch <b>Mine</b> and enter your 6 digits. It is still there.
help-privacy = My phone number
help-privacy-means = Only used to keep your place and to give it back. Stored as a code; of those who enrol the number too, locked.
help-person = Ask a person
help-call = Call <b>{ $a }</b>
help-desk = In the hall: <b>{ $a }</b>

broken-title = No sign-ups at this kiosk now
broken-still = What still works
broken-can-list = See jobs
broken-can-find = Find a ticket
broken-nothing = Please use another kiosk of this hall, or ask at the office.
broken-operator = For the operator
broken-safe = Keep your ticket and show it at another kiosk of this hall or at the office: what the centre knows counts.

error-not-found = No such page
error-not-found-do = The address may be old. Please start from the list.
error-closed = This job takes nobody any more
error-closed-do = There are others nearby.
error-busy = One moment, please
error-shared-digits = Two tickets have these six digits
error-shared-digits-do = Scan the QR code of your ticket, or ask the person in charge.
error-foreign = Please use the pages of this kiosk
error-foreign-do = This form came from another web page and was not taken. Start again from the list.
error-broken = Something went wrong
error-broken-do = It is not your fault. Go back to the list and try again; what was confirmed still counts.

hours-confirm = Hours { $a }: press to confirm
hours-agreed = Hours { $a }: you confirmed them
hours-differ = You wrote { $a } hours, the agency { $b }: press to change
hours-title = Confirm your hours
hours-gate = At the gate: { $a } to { $b }
hours-less = − 15 min
hours-more = + 15 min
hours-why = Needs the phone number you signed up with. Another figure than the agency's is fine; both sides see it.
hours-go = It is { $a }
