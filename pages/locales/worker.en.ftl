### What a job asks of people, and what a worker tells of himself.

signup-overlap = You already have a job at this time. Here is that ticket
lack-profile = This job asks for age, papers or languages. Tell us once who you are, then sign up
lack-age = This job is for older workers, or your day of birth is not known here
lack-certificate = This job needs: { $a }. Your profile does not have it
lack-language = This job needs someone who speaks { $a }. Your profile does not have it
lack-distance = This place is farther away than you want to go
job-asks = Who may take it
demand-age = { $n } years or older
demand-language = speaks { $a }

# Messages to a worker's phone
message-confirmed = It is your turn, the place is yours: { $title }, { $start }, { $place }. Ticket { $code }. If you cannot come, give it back first.
message-cancelled = Your place is gone: { $title }, { $start }. Please do not go. Ticket { $code }; the kiosk says why and shows other work.
message-changed = Time or place has changed: { $title } is now { $start }, { $place }. Ticket { $code }.
