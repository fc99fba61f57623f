### What a job asks of people, and what a worker tells of himself.

signup-overlap = You already have a job at this time. Here is that ticket
lack-profile = This job asks for age, papers or languages. Tell us once who you are, then sign up
lack-age = This job is for older workers
lack-born = This job asks for an age, and your day of birth is not known here. Delete your record on your own page and enrol again with it, or choose other work
lack-certificate = This job needs: { $a }. Your profile does not have it
lack-language = This job needs someone who speaks { $a }. Your profile does not have it
lack-distance = This place is farther away than you want to go
lack-overlap = There is another job at this time already
lack-rule-unanswered = This kiosk cannot check a rule just now, so nobody was signed up. Try again in a moment, or ask at the desk
job-asks = Who may take it
demand-age = { $n } years or older
demand-language = speaks { $a }

# Messages to a worker's phone
message-confirmed = It is your turn, the place is yours: { $title }, { $start }, { $place }. Ticket { $code }. If you cannot come, give it back first.
message-cancelled = Your place is gone: { $title }, { $start }. Please do not go. Ticket { $code }; the kiosk says why and shows other work.
message-changed = Time or place has changed: { $title } is now { $start }, { $place }. Ticket { $code }.
message-code = { $code } is your code for { $hall }. Good for five minutes, and for nobody else: tell it to no one.

# Who one is
tool-next = Next
scan-card = Worker card? Hold it to the scanner
scan-other = No card
mine-me = Card or PIN
me-who = Who are you?
me-why = Only to show you what is yours. The screen forgets you when you leave.
me-prove-why = Your card says who you are. Your PIN shows that it is you.
step-who = Card to the scanner, or your phone number
step-pin = Your PIN
step-pin-hint = 4 to 8 digits
step-new-pin = Choose a PIN
step-again = The same PIN again
step-born = Day of birth
step-born-hint = Year, month, day: 1990 05 17. The year alone will do
step-go = Go on
step-card-wrong = This kiosk does not know that card. Card, number and PIN work where you enrolled; here sign up with your number, or enrol
step-pin-wrong = A PIN has 4 to 8 digits
step-pin-plain = That PIN is guessed first. Choose one that is not 1234 or 0000
step-again-wrong = That was not the same PIN. Type it again
step-born-wrong = Type a year such as 1990, or a day such as 1990 05 17
step-unproved = Number and PIN do not belong together here. Check both; who is new here enrols first
enrol-unproved = This number may be enrolled here already, with another PIN. To sign up for work the number alone is enough
step-too-many = { $n ->
    [one] Too many wrong tries. Please wait a minute
   *[other] Too many wrong tries. Please wait { $n } minutes
    }
signup-known = You are known here: no number to type. Touch the button below.
lack-log-in = Say who I am

# A worker's own page
me-title = My shifts
me-more = Find work
me-none = You have no shift now.
me-mine = What is mine
me-gate = Show at the gate
me-ticket = See the ticket
me-in = At work since { $a }
me-left = { $a } to { $b }: look at the hours
me-waiting = Number { $n } in line, not yours yet
done-pin = Your PIN is changed
done-about = Kept
done-known = You were enrolled here before. Nothing was changed

# The card
card-link = A new card
card-title = Your worker card
card-qr = QR code of the card
card-keep = Take a photo of it.
card-keep-print = Take a photo of it or print it.
card-use = Hold it to the scanner of this kiosk: no number to type here any more.
card-says = The card says who you are. Your PIN opens what is yours: tell it to nobody.
card-lost = Lost it? Make a new one here. The old one then opens nothing.
card-once = Shown only now. A new one is made any time
card-idle = If not, the card goes from the screen
card-new-means = A new card is made and shown once. The one that you have stops working.
card-new-go = Make a new card

# The PIN
pin-title = New PIN
pin-why = The PIN opens what is yours. Not your birthday, and nothing that others see you use.

# What jobs ask of people
enrol-title = Enrol
enrol-link = I am new
enrol-why = Once at this kiosk, for a card and a PIN. Then you sign up here without typing your number.
born-why = Some jobs ask for an age. You may leave it empty.
about-title = About me
about-why = Tick only what is true: the gate may ask to see it. Jobs that ask for nothing need none of it.
about-name = Name
about-name-hint = may stay empty
about-papers = I have
about-tongues = I speak
about-go = Keep it
consent-what = This kiosk keeps your number, name and day of birth, your PIN as a check sum, and what you ticked. All of it locked, and on this machine only.
consent-who = It is used to find you work, to let you in, and to tell you what changes. Nobody else gets it. No advertising.
consent-end = You can have it erased here at any time.
consent-go = I agree, enrol me

# The end of it
erase-title = Erase me
erase-gone = Erased: name, number, day of birth, PIN, card and what you ticked. Here at once, at the other kiosks of the region as soon as they hear of it. It cannot be undone.
erase-stays = Stays: that a place was taken, under a code without a name. Seats and pay are counted by it.
erase-shifts = Shifts that you have stay yours, by their six digits. If you cannot come, give them back first: nobody can send you messages any more.
erase-go = Erase me for good
erased-title = Erased
erased-here = What this machine knew of you is gone. The other kiosks of the region follow as soon as they hear of it.
erased-stays = Places that you had are kept under their six digits, without a name.

# A code to the phone
code-link = Code to my phone
code-why = No card, PIN forgotten? A code goes to your phone. Then you can choose a new PIN.
code-sent = A message with six digits is on its way to your phone.
code-again = No message came: send it again
code-no-line = The line is down: no code can be sent now. Your card and your PIN work without it
step-code = The six digits from your phone
step-code-hint = good for 5 minutes
step-code-wrong = Those are not the digits that were sent
step-code-over = That code is over. Have a new one sent
step-codes-many = { $n ->
    [one] Codes were sent often enough. Please wait a minute
   *[other] Codes were sent often enough. Please wait { $n } minutes
    }
