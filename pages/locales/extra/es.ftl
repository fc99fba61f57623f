### Las palabras del quiosco en español. Cortas, habladas, amables. Primero lo que es seguro, luego qué hacer.
### $n es un número; $a y $b son nombres, horas, números. Se puede usar <b>.
### To use this file, copy it into the folder `languages` of a node's data folder and start the node again.

language-name = Español
language-tag = es
language-direction = ltr
lang-start = Empezar a buscar
lang-short = ES
hall-kiosk = Quiosco { $a }
date = { $w ->
    [1] lun
    [2] mar
    [3] mié
    [4] jue
    [5] vie
    [6] sáb
   *[7] dom
    } { $d } { $m ->
    [1] ene
    [2] feb
    [3] mar
    [4] abr
    [5] may
    [6] jun
    [7] jul
    [8] ago
    [9] sep
    [10] oct
    [11] nov
   *[12] dic
    }
today = Hoy
tomorrow = Mañana
night = Noche
any-day = Cualquier día
hours = <b>{ $a }</b> a { $b }
hours-next-day = <b>{ $a }</b> a { $b } del día siguiente

tool-big = Grande
tool-mine = Mío
tool-help = Ayuda
tool-home = Empezar de nuevo
back = Volver
skip-to-jobs = Ir al contenido
listen = Escuchar

foot-ok = Todo funciona
foot-in-step = { $n ->
    [0] Última noticia: ahora mismo
   *[other] Última noticia: hace { $n } min
    }
foot-cut-title = { $n ->
    [0] Sin línea desde ahora
   *[other] Sin línea hace { $n } min
    }
foot-cut = Sin línea con la central hace { $n } min; lo verde sigue valiendo
foot-cut-still = Lo verde sigue valiendo aquí
foot-frozen-title = No se puede apuntar
foot-frozen-do = Use otro quiosco
foot-alone-title = Sin central todavía
foot-alone = Aún sin contacto con la central; lo verde sigue valiendo

idle-title = ¿Sigue ahí?
idle-means = Si no, se borra la pantalla. Su boleto queda guardado
idle-stay = Sigo aquí

synthetic-short = Datos de demostración, hechos por un programa
synthetic-long = Los turnos y la paga son datos de demostración, hechos por un programa. No es una oferta real.
redated-mark = Anuncio viejo
redated-short = Anuncios reales de hace años; el día y las horas son inventados
redated-long = Anuncio real de hace años, no una oferta de hoy: el día y las horas son inventados.

start-sample = Mozo
attract-best = la mejor paga ahora mismo
attract-next = a esa hora empieza el próximo
attract-promise = Confirmado es confirmado: ningún puesto se da a dos personas
attract-touch = Toque para empezar

start-title = Encuentre trabajo para hoy
start-now = trabajos que se confirman aquí, ahora mismo
start-none = ninguno se confirma aquí ahora; puede hacer fila
start-size = ¿De qué tamaño la letra?
start-normal = Normal
start-touch = Toque su idioma para empezar

near-title = Cerca de mí
soonest-title = Los que empiezan antes
soonest-means = Primero lo que se confirma aquí, luego lo más próximo: este quiosco no sabe dónde está
count-today = { $n ->
    [one] 1 trabajo hoy
   *[other] { $n } trabajos hoy
    }
count-tomorrow = { $n ->
    [one] 1 trabajo mañana
   *[other] { $n } trabajos mañana
    }
count-any = { $n ->
    [one] 1 trabajo, cualquier día
   *[other] { $n } trabajos, cualquier día
    }
count-night = { $n ->
    [one] 1 trabajo de noche
   *[other] { $n } trabajos de noche
    }
count-within = a { $n } km o sin lugar dicho
count-here = { $n } al momento
filters = Filtros
filter-here = <span class="more">Solo </span>al momento
search-label = Qué trabajo busca
search-hint = Buscar
search-go = Buscar
search-clear = Ver todos los trabajos
offer-here = Al <wbr>momento
offer-ask = Pedir a la <wbr>central
offer-queue = Hacer <wbr>fila
offer-nothing = Aquí <wbr>no
per-shift = por { $n } horas
per-hour = por hora
per-day = por día
perk-pay = Pago diario
perk-meal = Comida
perk-bed = Cama
perk-night = Noche
walk = <b>{ $n }</b> min a pie
ride = a <b>{ $n }</b> km
seats-left = quedan <b>{ $n }</b>
seats-everywhere = { $n } en total,{ " " }
seats-elsewhere = <b>{ $n }</b> en otro lado
seats-full = <b>Lleno</b>
seats-waiting = { $n } en fila,{ " " }
pager-back = Atrás
pager-next = Más
pager-at = Página { $n } de { $a }
note-cut = { $n ->
    [0] Acaba de cortarse la línea con la central
    [one] Sin línea con la central, desde hace 1 minuto
   *[other] Sin línea con la central, desde hace { $n } minutos
    }
note-cut-means = Los trabajos marcados “Al momento” se confirman igual.
note-stale = Los puestos de otros lados son de hace { $n } minutos
note-stale-means = Los puestos de este quiosco son exactos.
note-widened = { $n ->
    [0] Nada a menos de { $a } km
    [one] Solo 1 trabajo a menos de { $a } km
   *[other] Solo { $n } trabajos a menos de { $a } km
    }
note-widened-means = Ampliado a { $a } km: { $n } encontrados.
heard = según { $a }
heard-once = según lo último
empty-title = Aquí no hay nada
empty-narrowed = Así no se encontró nada. Pruebe con un filtro menos.
empty-tomorrow = Ver mañana
empty-any = Ver todos los días
empty-next = El próximo empieza: { $a } { $b }
empty-none-ahead = Por ahora tampoco después. Vuelva a mirar en un rato.
empty-none-here = Ninguno al momento ahora
empty-others = { $n ->
    [one] Hay 1 trabajo más: haga fila o pida a la central.
   *[other] Hay { $n } trabajos más: haga fila o pida a la central.
    }
empty-see-others = Verlos
none-today = Ya no hay trabajos hoy
none-tomorrow = No hay trabajos mañana
none-night = No hay trabajos de noche hoy ni mañana
none-any = No hay trabajos ahora
all-taken = Todos los puestos están tomados
all-taken-means = Puede hacer fila: cuando alguien se va, le toca al siguiente.

find-title = ¿Qué trabajo busca?
find-short = Tipos
find-all = Todo
find-words = Palabras frecuentes
find-none = Nada a esta hora. Pruebe otro día.
kind-cleaning = Limpieza
kind-construction = Construcción
kind-delivery = Reparto
kind-factory = Fábrica
kind-farming = Campo
kind-kitchen = Cocina
kind-loading = Carga
kind-moving = Mudanzas
kind-packing = Empaque
kind-retail = Tienda
kind-security = Vigilancia
kind-serving = Mesero
kind-sorting = Clasificar
kind-warehouse = Almacén
kind-other = Otro trabajo

job-wrote = El anuncio dice: { $a }
job-hourly = { $a }{ $n } por hora
job-paid-today = se paga el mismo día
job-here = { $n ->
    [one] Queda <b>1</b> puesto aquí
   *[other] Quedan <b>{ $n }</b> puestos aquí
    }
job-elsewhere = { $n ->
    [one] Queda <b>1</b> puesto en otro lado
   *[other] Quedan <b>{ $n }</b> puestos en otro lado
    }
job-queue-now = Lleno, <b>{ $n }</b> en fila
job-everywhere = { $n } en total,{ " " }
job-starts-in = Empieza en { $n } minutos
job-starts-in-hours = Empieza en unas { $n } horas
job-walk = { $n ->
    [one] 1 minuto a pie
   *[other] { $n } minutos a pie
    }
job-ride = a { $n } km
job-map = De la sala hacia el { $a }, { $b }
map-title = Dónde está: la sala en el centro, el norte arriba
ring-minutes = { $n } min a pie
ring-km = { $n } km
north = N
dir-n = norte
dir-ne = noreste
dir-e = este
dir-se = sureste
dir-s = sur
dir-sw = suroeste
dir-w = oeste
dir-nw = noroeste
metres = { $n } m
kilometres = { $a } km
job-bring = Traiga esto
bring-id = Identificación
bring-shoes = Zapatos cerrados
bring-water = Agua
bring-gloves = Guantes
bring-health = Carné de salud
meal-bed = Con comida y cama
meal-no-bed = Con comida, sin cama
bed-no-meal = Con cama, sin comida
no-meal-no-bed = Sin comida, sin cama
job-employer = Contrata { $a }
job-want = Quiero este trabajo
job-ask = Pedir un puesto
job-queue = Hacer fila
job-after-want = Ahora su teléfono, y al momento su boleto
job-after-ask = Ahora su teléfono. Es suyo solo cuando respondan
job-after-queue = Ahora su teléfono. Si alguien se va, le toca al siguiente: mire en Mío
job-after-queue-seniority = Ahora su teléfono. Si alguien se va, le toca a quien más tiempo lleva con esta agencia: mire en Mío
job-after-queue-draw = Ahora su teléfono. Los puestos libres se sortean el { $a } a las { $b }: mire en Mío
job-closed = Este trabajo ya no toma a nadie
job-see-others = Ver otros trabajos

signup-title = Apuntarse
signup-step = Paso 1 de 2
signup-held = Puesto guardado para usted hasta las <b>{ $a }</b>
signup-phone = Número de teléfono
signup-phone-hint = { $n } cifras
signup-phone-hint-world = de { $a } a { $b } cifras, con el código del país
pad = Teclas de números
pad-del = Borrar
pad-clear = Vaciar
signup-why = Solo para guardar su puesto y para devolverlo. Se guarda cifrado; de quien se inscribe también el número, con llave. Sin publicidad.
signup-missing = { $n ->
    [one] Falta 1 cifra
   *[other] Faltan { $n } cifras
    }
signup-missing-some = Escriba su teléfono
signup-go = Confirmar
signup-go-ask = Enviar
signup-go-queue = Hacer fila
signup-deciding = Un momento, se está decidiendo
signup-phone-wrong-china = No es un móvil: tiene 11 cifras y empieza con 1
signup-phone-wrong-america = No es un teléfono: tiene 10 cifras
signup-phone-wrong-world = No es un teléfono: con el código del país tiene de 7 a 15 cifras
signup-again = Este número ya está apuntado a este trabajo
signup-again-see = Ver ese boleto
signup-closed = Este trabajo acaba de cerrarse
too-many = Fue demasiado rápido. Pruebe de nuevo en un minuto.

crew-title = Apuntarse juntos
crew-link = Varias personas
crew-list = Quién está en la lista
crew-why = Todos tienen puesto, o nadie. De 2 a 10 personas; solo se ven las últimas cuatro cifras.
crew-add = Añadir
crew-who = Tarjeta al lector, o número de teléfono
crew-you = Usted
crew-card = Con tarjeta
crew-drop = Quitar de la lista: número
crew-go = Confirmar a los { $n }
crew-few = Al menos 2 personas
crew-size = Un grupo tiene de 2 a 10 personas
crew-twice = Ya está en la lista
crew-again = El número { $n } de la lista ya está apuntado a este trabajo
crew-unfit = El número { $n } de la lista:
crew-short = { $n ->
    [0] Ninguno de los { $a } se puede confirmar aquí ahora
   *[other] Solo { $n } de los { $a } se pueden confirmar aquí ahora
    }
crew-short-do = No se tomó nada. Quite a alguien de la lista, o que cada uno se apunte solo: quien no tenga puesto hace fila.
crew-alone = Cada uno solo
crew-all = Los { $n } tienen puesto
crew-kept = { $n } puestos guardados, aún no finales
crew-some = { $n } boletos: mire cada uno

ticket-confirmed = Confirmado
ticket-confirmed-means = Este puesto es suyo
ticket-provisional = Guardado, aún no final
ticket-provisional-means = Será suyo cuando la central lo sepa, a más tardar a las { $a }
ticket-provisional-said = Será suyo cuando la central lo sepa
ticket-confirmed-frozen-means = Es lo último que supo este quiosco. Compruébelo en otro quiosco o en la oficina
ticket-waiting = En fila
ticket-waiting-means = Es el número { $n }. Aún no es suyo: por favor no viaje
ticket-waiting-here-means = Número { $n } en este quiosco. Aún no es suyo: por favor no viaje
ticket-in-line-means = En la fila. Este puesto no sabe en qué lugar. Todavía no es suyo: no viaje aún
ticket-draw = En el sorteo
ticket-draw-means = Se sortea el { $a } a las { $b }. Aún no es suyo: por favor no viaje
ticket-requested = Enviado
ticket-requested-means = Esperando respuesta. Aún no es suyo: por favor no viaje
ticket-cancelled = Devuelto
ticket-cancelled-means = Otra persona puede tener el puesto
ticket-left-line-means = Ya no se le guarda ni puesto ni número en la fila
ticket-bumped = Cancelado
ticket-bumped-means = La empresa redujo el turno y su puesto. Lo sentimos
ticket-closed-means = La empresa canceló este trabajo. Lo sentimos
ticket-twice-means = Tiene otro puesto a esa hora. Ese sigue siendo suyo
ticket-void-means = El quiosco que le dio este puesto se perdió, y el puesto con él. Lo sentimos. Apúntese otra vez: va primero en la fila
ticket-giving-back = Devolviendo
ticket-giving-back-means = Se avisa al quiosco que tiene su puesto
next-giving-back = No hay que hacer nada más. Mire luego con su número
ticket-code = Su número
ticket-keep = Tome una foto o apúntelo. Cualquier quiosco de aquí lo muestra otra vez.
ticket-keep-print = Tome una foto o imprímalo. Cualquier quiosco de aquí lo muestra otra vez.
ticket-qr = Código QR del boleto
next-be-there = <b>Llegue antes de las { $a }</b>
next-be-there-walk = <b>Llegue antes de las { $a }</b>, { $n } min a pie
next-be-there-ride = <b>Llegue antes de las { $a }</b>, a { $n } km de aquí
next-show = Traiga su identificación y muestre este boleto en la puerta
next-ahead = { $n ->
    [0] No hay nadie delante
    [one] Hay 1 persona delante
   *[other] Hay { $n } personas delante
    }
next-recount = Se cuenta con todos cuando vuelva la línea
next-seniority = Primero va quien más tiempo lleva con esta agencia. Su número aún puede subir
next-draw = Nadie recibe un puesto libre antes del sorteo. Cualquiera puede comprobarlo
next-your-turn = Cuando le toque, este boleto dirá <b>Confirmado</b>. Mire luego en <b>Mío</b>
next-others = { $n ->
    [0] Mire otros trabajos
    [one] Hay 1 trabajo más al momento
   *[other] Hay { $n } trabajos más al momento
    }
next-no-need = Esperando a la central. No hace falta pedir otra vez
next-kept = Antes de salir, escriba aquí su número y mire otra vez este boleto
next-look-up = En unos minutos, escriba aquí su número
next-do-not-go = No hace falta que vaya. No es culpa suya
ticket-others = Ver los del momento
ticket-again = Apuntarse otra vez
ticket-print = Imprimir
print-crew = Imprimir todos
print-card = Imprimir la tarjeta
print-under-way = Se está imprimiendo: tómelo abajo. ¿No sale nada?
print-failed = La impresora no imprimió.
print-often = Ya se imprimió varias veces.
print-photo = Por favor, haga una foto de este número.
print-photo-crew = Por favor, haga una foto de cada número.
print-photo-card = Por favor, haga una foto de esta tarjeta.
slip-printed = Impreso: { $a }
slip-look = ¿Ha cambiado algo? Cualquier quiosco de aquí lo dice con este número.
slip-sample = Muestra
slip-sample-means = Esto no es un boleto y no vale nada.
slip-sample-about = Si se lee bien y el código se puede escanear, la impresora está lista.
ticket-done = Otra persona
ticket-saved = Su boleto queda guardado
ticket-give-back = No puedo ir

give-back-title = No puedo ir
give-back-phone = El teléfono con el que se apuntó
give-back-wrong = No es el número con el que se apuntó: revíselo, por favor
give-back-why = Solo se devuelve con el número con el que se apuntó.
give-back-go = Devolver este trabajo

mine-title = Mi boleto
mine-ask = Escriba las 6 cifras de su boleto
mine-missing = { $n ->
    [one] Falta 1 cifra
   *[other] Faltan { $n } cifras
    }
mine-missing-some = Escriba 6 cifras
mine-go = Ver boleto
mine-over = Ese boleto se cerró aquí. Escriba sus 6 cifras para verlo otra vez.
mine-short = El número tiene 6 cifras
mine-unknown = Aquí no se conoce ese número. Revíselo; si se apuntó en otro lado hace poco, pruebe en unos minutos.
too-many-guesses = Demasiados números equivocados. Espere un minuto y pruebe otra vez. Su boleto queda guardado.

help-title = Cómo funciona
help-colours = Tres colores
help-here = Verde, con visto: suyo al momento, seguro.
help-ask = Azul, reloj de arena: decide la central. Suyo solo cuando respondan.
help-queue = En fila: está lleno. Le toca por número.
help-cut = Cuando se corta la línea
help-cut-means = Lo verde sigue valiendo. Ningún puesto se da a dos personas.
help-lost = Perdió su boleto
help-lost-means = Toque <b>Mío</b> y escriba sus 6 cifras. Sigue ahí.
help-privacy = Mi teléfono
help-privacy-means = Solo para guardar su puesto y para devolverlo. Se guarda cifrado; de quien se inscribe también el número, con llave.
help-person = Pregunte a una persona
help-call = Llame al <b>{ $a }</b>
help-desk = En la sala: <b>{ $a }</b>

broken-title = Ahora no se puede apuntar en este quiosco
broken-still = Lo que sí funciona
broken-can-list = Ver trabajos
broken-can-find = Buscar un boleto
broken-nothing = Use otro quiosco de esta sala o pregunte en la oficina.
broken-operator = Para el operador
broken-safe = Guarde su boleto y muéstrelo en otro quiosco de esta sala o en la oficina: vale lo que sabe la central.

error-not-found = No existe esa página
error-not-found-do = La dirección puede ser vieja. Empiece por la lista.
error-closed = Este trabajo ya no toma a nadie
error-closed-do = Hay otros cerca.
error-busy = Un momento, por favor
error-shared-digits = Dos boletos tienen estos seis números
error-shared-digits-do = Escanee el código QR de su boleto, o pregunte a la persona encargada.
error-foreign = Use las páginas de este quiosco
error-foreign-do = Este formulario vino de otra página web y no se aceptó. Empiece otra vez por la lista.
error-broken = Algo salió mal
error-broken-do = No es culpa suya. Vuelva a la lista y pruebe otra vez; lo confirmado sigue valiendo.

# Hours and places that others ended
ticket-not-there-means = No llegó a tiempo: la plaza pasó al siguiente de la cola
ticket-employer-means = La agencia canceló esta plaza suya. Lo sentimos
ticket-rule-means = Llegó su turno, pero una regla no le deja tomar este trabajo, como el descanso entre dos turnos. Ya no está en la fila
ticket-unfit-means = Llegó su turno, pero este trabajo pide algo que usted no tiene. Ya no está en la fila
hours-confirm = Horas { $a }: pulse para confirmar
hours-agreed = Horas { $a }: usted las confirmó
hours-differ = Usted escribió { $a } horas, la agencia { $b }: pulse para cambiar
hours-title = Confirme sus horas
hours-gate = En la puerta: de { $a } a { $b }
hours-less = − 15 min
hours-more = + 15 min
hours-why = Hace falta el número de teléfono con el que se apuntó. Puede poner otra cifra que la agencia; ambos la ven.
hours-go = Son { $a }

# What a job asks of people, and what a worker tells of himself
signup-overlap = Ya tiene un trabajo a esa hora. Aquí está ese boleto
lack-profile = Este trabajo pide edad, papeles o idiomas. Díganos una vez quién es y apúntese después
lack-age = Este trabajo es para personas de más edad
lack-born = Este trabajo pide una edad y aquí no se sabe su fecha de nacimiento. Borre sus datos en su página e inscríbase otra vez con ella, o elija otro trabajo
lack-certificate = Este trabajo pide: { $a }. En su perfil no está
lack-language = Este trabajo pide a alguien que hable { $a }. En su perfil no está
lack-distance = Ese lugar queda más lejos de lo que usted quiere ir
lack-overlap = Ya hay otro trabajo a esa hora
lack-rule-unanswered = Ahora no se puede comprobar una regla, así que nadie quedó apuntado. Inténtelo en un momento o pregunte en la mesa
job-asks = Quién puede tomarlo
demand-age = { $n } años o más
demand-language = habla { $a }

# Messages to a worker's phone
message-confirmed = Le toca, el puesto es suyo: { $title }, { $start }, { $place }. Boleto { $code }. Si no puede ir, devuélvalo antes.
message-cancelled = Su puesto se perdió: { $title }, { $start }. Por favor no vaya. Boleto { $code }; el quiosco dice por qué y muestra otros trabajos.
message-changed = Cambió la hora o el lugar: { $title } ahora es { $start }, { $place }. Boleto { $code }.
message-code = { $code } es su código para { $hall }. Vale cinco minutos y solo para usted: no lo diga a nadie.

# The agency's pages: posting shifts, who comes, the gate, hours
a-name = Agencia
a-pages = Páginas
a-skip = Ir al contenido
a-nav-board = Turnos y gente
a-nav-gate = Puerta
a-nav-sheet = Horas
a-log-out = Salir
a-back = Volver
a-clock = { $d }/{ $m } { $a }
a-line-cut = Línea cortada; todo esto sigue funcionando
a-line-up = Al día con la central
a-and = {", "}

a-login-title = Entrada de la agencia
a-login-means = Escriba la clave que recibió con su cuenta. La sesión se cierra a las doce horas.
a-login-key = Clave
a-login-go = Entrar
a-login-wrong = La clave no es correcta, o no puede contratar en esta región

a-trouble = No se hizo
a-trouble-unknown = Aquí no hay ese boleto ni ese turno
a-trouble-busy = La máquina está ocupada; pruebe en un momento
a-trouble-frozen = Esta máquina está fuera de servicio y no cambia nada. Llame al operador
a-trouble-full = El disco de la máquina está lleno; no se cambió nada. Llame al operador
a-trouble-foreign = Esta página es vieja. Ábrala otra vez y repítalo
a-trouble-not-confirmed = Este puesto no está confirmado, así que no se puede
a-trouble-came = Esta persona ya llegó; no se le puede quitar el puesto
a-trouble-not-in = Esta persona no ha pasado por la puerta
a-trouble-early = «No vino» se puede marcar desde 30 minutos antes de empezar. Hasta entonces puede cancelar el puesto
a-trouble-begun = El turno ya empezó; sus horas se quedan
a-trouble-bad = Algo del formulario no se entiende; corríjalo
a-trouble-broken = La máquina falló; no se cambió nada. Pruebe otra vez

a-post-title = Publicar turnos
a-post-means = Se pueden apuntar al momento, también con la línea cortada.
a-ways = Cómo llenarlo
a-way-yesterday = Igual que ayer
a-way-paste = Pegar una tabla
a-way-rows = Fila por fila
a-copied = { $n ->
    [one] 1 fila copiada de ayer. Cámbiela y envíe.
   *[other] { $n } filas copiadas de ayer. Cámbielas y envíe.
    }
a-nothing-yesterday = Ayer no se publicó nada. Pegue una tabla o vaya fila por fila.
a-read = { $n ->
    [one] 1 fila leída
   *[other] { $n } filas leídas
    }
a-sent = { $n ->
    [one] 1 turno publicado; ya se pueden apuntar
   *[other] { $n } turnos publicados; ya se pueden apuntar
    }
a-paste-label = Copie de su hoja de cálculo y pegue aquí
a-paste-example = Trabajo  Lugar  Inicio  Fin  Pago  Personas  Pago diario  Comida  Cama  Lista de espera
a-paste-hint = Los nombres y el orden de las columnas pueden variar; sin títulos vale el orden de arriba
a-paste-read = Leer la tabla
a-col-title = Trabajo
a-col-place = Lugar
a-col-start = Inicio
a-col-end = Fin
a-col-pay = Pago
a-col-seats = Personas
a-perk-daily = D
a-perk-meal = C
a-perk-bed = A
a-perk-daily-long = Pago diario
a-perk-meal-long = Comida
a-perk-bed-long = Alojamiento
a-cell = Fila { $n }: { $a }
a-drop = Quitar la fila { $n }
a-add-row = + Añadir fila
a-yellow = Amarillo
a-changed = No es como ayer: { $a }
a-total = { $n ->
    [one] 1 turno
   *[other] { $n } turnos
    }, { $m ->
    [one] 1 persona
   *[other] { $m } personas
    }
a-total-good = listos
a-total-none = Todavía no hay ningún turno listo
a-kept = La fila { $a } se queda hasta que se corrija
a-send = { $n ->
    [one] Enviar 1 turno
   *[other] Enviar { $n } turnos
    }
a-send-some = Enviar
a-note-tomorrow = empieza mañana
a-note-next-day = termina al día siguiente
a-note-hourly = se paga por hora
a-note-wait = puestos libres: { $a }
a-ask-title = ¿Qué trabajo es?
a-ask-time = ¿A qué hora? Escriba como 06:30
a-ask-pay = ¿Cuánto? Escriba como 240
a-ask-seats = ¿Cuántas personas?
a-ask-refused = Esto no puede salir: { $a }
a-ask-next-day = { $a } no es después de { $b }. ¿Hasta el día siguiente?
a-yes-next-day = Sí, { $a } del día siguiente
a-ask-tomorrow = { $a } ya pasó (son las { $b }). ¿Mañana?
a-yes-tomorrow = Sí, mañana { $a }
a-ask-hourly = ¿Solo { $a } por tanto tiempo? ¿Es por hora?
a-yes-hourly = Sí, { $a } la hora
a-ask-again = Ese mismo turno ya está. ¿Otro más?
a-yes-again = Sí, otro más
a-ask-long = De { $a } a { $b } son más de 16 horas. ¿Está bien?
a-yes-long = Sí, así de largo
a-ask-wait = «{ $a }» no dice quién recibe un puesto libre. En la tabla escriba first come, seniority o draw
a-yes-wait = Dejarlo: como se elige abajo

a-who-today = Quién viene hoy
a-who-day = Quién viene el { $a }
a-days = Qué día
a-yesterday = Ayer
a-today = Hoy
a-tomorrow = Mañana
a-no-shifts = Todavía no hay turnos ese día.
a-list-long = Los { $n } turnos del día están en esta lista: desplácese en ella o use las flechas
a-nobody-yet = Todavía no se apuntó nadie.
a-arrived = Llegaron
a-confirmed = Confirmados
a-free = Libres
a-of-all = Confirmados / todos
a-queue-head = En fila
a-wanted = Se piden
a-closed = cerrado
a-order = N.º
a-code = Boleto
a-now = Estado
a-queue = Fila { $n }
a-folded = { $n ->
    [one] Llegó 1 más; abrir
   *[other] Llegaron { $n } más; abrir
    }
a-state-in = Llegó { $a }
a-state-out = Se fue { $a }
a-state-late = Todavía no llega
a-state-confirmed = Confirmado
a-state-requested = Preguntando a la central
a-state-first = El próximo puesto libre es suyo
a-state-draw = En el sorteo
a-state-waits = { $n } delante
a-state-ending = Cancelándose
a-state-cancelled = Lo devolvió
a-state-no-show = No vino
a-state-employer = Cancelado por ustedes
a-state-ended = Cancelado
a-end-short = No vino / cancelar
a-end-title = { $a }: ¿quitar este puesto?
a-end-next = { $n ->
    [one] El puesto pasa a la única persona de la fila.
   *[other] El puesto pasa a la siguiente de { $n } personas de la fila.
    }
a-end-free = No hay nadie en la fila; el puesto queda libre.
a-end-told = El boleto dirá por qué.
a-end-no-show = No vino
a-end-dismiss = Cancelamos este puesto
a-end-keep = No, que se quede
a-end-over = Este puesto ya terminó, o se está cancelando
a-end-unheard = { $a } tiene este puesto y está sin línea. El puesto termina cuando vuelva la línea; hasta entonces la persona aún puede venir y entrar.
a-rule = Quien no esté a las { $a }: su puesto pasa a la fila
a-rule-off = Los puestos de quienes no vienen se quedan
a-rule-off-note = Elija un tiempo, o márquelos uno por uno.
a-rule-scan-first = Cuenta desde que la primera persona pase por la puerta de esta máquina.
a-rule-left = { $n ->
    [one] Falta 1 minuto.
   *[other] Faltan { $n } minutos.
    }
a-rule-over = El tiempo pasó.
a-rule-label = Minutos desde el inicio
a-rule-never = Nunca por sí solo
a-rule-minutes = { $n } minutos desde el inicio
a-rule-change = Cambiar
a-wait = Quién recibe un puesto libre
a-wait-same = Como ayer
a-wait-arrival = El siguiente de la fila
a-wait-seniority = Quien más tiempo lleva con nosotros
a-wait-lottery = Un sorteo público antes de empezar
a-wait-by-seniority = Un puesto libre es para quien más tiempo lleva con ustedes.
a-wait-by-draw = Los puestos libres se sortean a las { $a }; antes no los recibe nadie.
a-wait-was-drawn = La fila ya se sorteó. Cualquiera puede comprobarlo.

a-gate-label = Seis cifras, o pase el código QR
a-gate-next = Siguiente: seis cifras, o pase el código QR
a-gate-look = Mirar
a-gate-hint = El lector escribe solo: toque el campo y pase el código QR del trabajador.
a-gate-count = llegaron / confirmados, de los turnos que pueden entrar ahora
a-gate-hub = La puerta está en las salas, donde está la gente. La máquina de la sala sabe quién tiene puesto, también sin línea.
a-gate-hub-where = En la máquina de la sala, abra su dirección seguida de /agency/gate y entre con la misma clave.
a-gate-hub-halls = Salas de esta región: { $a }
a-gate-check-in = Anotar llegada
a-gate-check-out = Anotar salida
a-gate-good = Puede entrar
a-gate-good-means = El puesto es suyo. Pulse «Anotar llegada».
a-gate-receipt = El boleto es auténtico
a-gate-receipt-means = Lo firmó otra máquina; esta aún no lo conoce. La firma basta para entrar, y la hora se guarda hasta que el boleto llegue aquí.
a-gate-in = Llegó { $a }
a-gate-in-means = Llegada anotada.
a-gate-out = Se fue { $a }
a-gate-out-means = Salida anotada. Las horas están en la hoja de horas.
a-gate-waits = Sigue en la fila
a-gate-waits-means = No hay puesto. Le toca cuando alguien devuelva uno.
a-gate-requested = Sin decidir
a-gate-requested-means = La central aún no respondió; no hay puesto.
a-gate-other-day = Hoy no
a-gate-other-day-means = El boleto es auténtico, pero de otro día.
a-gate-given-back = Devuelto
a-gate-given-back-means = Lo devolvió; el puesto ya no es suyo.
a-gate-no-show = Marcado como que no vino
a-gate-no-show-means = El puesto pasó al siguiente de la fila.
a-gate-ended = Boleto cancelado
a-gate-ended-means = Este puesto se canceló.
a-gate-unknown = No hay ese boleto
a-gate-unknown-means = Revise las cifras. Tampoco se muestran boletos de otras agencias.
a-gate-unreadable = No se puede leer
a-gate-unreadable-means = Seis cifras, o todo el texto del código QR. Con una letra cambiada el boleto no es auténtico.

a-sheet-title = Hoja de horas
a-sheet-day = Día
a-sheet-show = Ver
a-sheet-csv = Descargar CSV
a-sheet-nobody = Ese día no pasó nadie por la puerta.
a-sheet-came = Llegada
a-sheet-left = Salida
a-sheet-measured = Medido
a-sheet-agency = Confirmamos
a-sheet-worker = Dice el trabajador
a-sheet-field = Horas de { $a }
a-sheet-confirm = Confirmar
a-sheet-confirm-all = Confirmar todo
a-sheet-confirmed = { $n ->
    [one] Horas de 1 persona confirmadas
   *[other] Horas de { $n } personas confirmadas
    }
a-sheet-inside = Sigue dentro
a-sheet-agreed = De acuerdo
a-sheet-disputed = No coinciden
a-sheet-yours = Les toca confirmar
a-sheet-theirs = Le toca al trabajador
a-sheet-means = Escriba las horas como horas:minutos. El trabajador abre su boleto en un quiosco y confirma, o escribe otra cifra. La última línea del archivo es la firma de esta máquina.
a-sheet-send = Enviar al sistema de la agencia
a-sheet-sent = En camino al sistema de la agencia

a-nav-who = Quién viene
a-regions = Regiones
a-login-wait = { $n ->
    [one] Demasiadas claves equivocadas. Espere 1 segundo y pruebe otra vez
   *[other] Demasiadas claves equivocadas. Espere { $n } segundos y pruebe otra vez
    }
a-who-live = Solo quién viene, siempre al día
a-who-is-live = Esta página se renueva cada diez segundos.
a-as-of = como lo sabe la central a las { $a }
a-held-title = Dónde están los puestos
a-held-node = Quiosco
a-held-known = Se sabe hasta
a-held-free = Por dar
a-held-now = ahora
a-held-since = sin noticias desde { $a }
a-held-before = sin noticias desde que arrancó la central
a-held-over = fuera de servicio
a-held-centre = La central
a-unheard = { $n ->
    [one] Puede haber como mucho 1 persona más confirmada donde no hay noticias; aún no está en esta lista.
   *[other] Puede haber como mucho { $n } personas más confirmadas donde no hay noticias; aún no están en esta lista.
    }
a-silent = { $a }: { $b }. Quien se apuntó, devolvió o llegó allí desde entonces aún no se ve aquí.
a-left-out = { $n ->
    [one] Hay 1 turno más ese día que no está en la lista
   *[other] Hay { $n } turnos más ese día que no están en la lista
    }
a-sheet-hub-means = La agencia confirma las horas en la página de un quiosco, y los trabajadores en un quiosco. La última línea del archivo es la firma de la central.
a-who-still = No renovar
a-post-means-centre = Se pueden apuntar en todos los quioscos de la región; un quiosco con la línea cortada se entera cuando vuelva.

# Quién es usted
tool-next = Siguiente
scan-card = ¿Tarjeta? Acérquela al lector
scan-other = Sin tarjeta
mine-me = Tarjeta o PIN
me-who = ¿Quién es usted?
me-why = Solo para mostrarle lo suyo. La pantalla lo olvida cuando usted se va.
me-prove-why = La tarjeta dice quién es. El PIN muestra que es usted.
step-who = Tarjeta al lector, o su teléfono
step-pin = Su PIN
step-pin-hint = de 4 a 8 cifras
step-new-pin = Elija un PIN
step-again = El mismo PIN otra vez
step-born = Fecha de nacimiento
step-born-hint = Año, mes, día: 1990 05 17. Basta el año
step-go = Seguir
step-card-wrong = Este quiosco no conoce esa tarjeta. Tarjeta, número y PIN valen donde se inscribió; aquí apúntese con su número o inscríbase
step-pin-wrong = Un PIN tiene de 4 a 8 cifras
step-pin-plain = Ese PIN se adivina primero. Elija otro que no sea 1234 ni 0000
step-again-wrong = No era el mismo PIN. Escríbalo otra vez
step-born-wrong = Escriba un año como 1990, o un día como 1990 05 17
step-unproved = Aquí ese número y ese PIN no van juntos. Revise los dos; si es nuevo, inscríbase antes
enrol-unproved = Quizá este número ya está inscrito aquí con otro PIN. Para apuntarse a un trabajo basta el número
step-too-many = { $n ->
    [one] Demasiados intentos. Espere un minuto
   *[other] Demasiados intentos. Espere { $n } minutos
    }
signup-known = Aquí lo conocemos: no hay que escribir el número. Toque el botón de abajo.
lack-log-in = Decir quién soy

# Lo suyo
me-title = Mis turnos
me-more = Buscar trabajo
me-none = Ahora no tiene turnos.
me-mine = Lo mío
me-gate = Mostrar en la entrada
me-ticket = Ver el boleto
me-in = En el trabajo desde { $a }
me-left = De { $a } a { $b }: mire las horas
me-waiting = Número { $n } en la fila, todavía no es suyo
done-pin = Su PIN cambió
done-about = Guardado
done-known = Usted ya estaba inscrito. No se cambió nada

# La tarjeta
card-link = Una tarjeta nueva
card-title = Su tarjeta
card-qr = Código QR de la tarjeta
card-keep = Tómele una foto.
card-keep-print = Tómele una foto o imprímala.
card-use = Acérquela al lector de este quiosco: aquí ya no hay que escribir el número.
card-says = La tarjeta dice quién es. El PIN abre lo suyo: no lo diga a nadie.
card-lost = ¿La perdió? Haga otra aquí. La vieja ya no abre nada.
card-once = Solo se ve ahora. Siempre se puede hacer otra
card-idle = Si no, la tarjeta se va de la pantalla
card-new-means = Se hace una tarjeta nueva y se ve una vez. La que tiene deja de valer.
card-new-go = Hacer otra tarjeta

# El PIN
pin-title = Otro PIN
pin-why = El PIN abre lo suyo. No su cumpleaños, ni nada que otros le vean usar.

# Lo que piden los trabajos
enrol-title = Inscribirse
enrol-link = Soy nuevo
enrol-why = Una vez en este quiosco, para tener tarjeta y PIN. Después se apunta aquí sin escribir el número.
born-why = Algunos trabajos piden una edad. Puede dejarlo vacío.
about-title = Mis datos
about-why = Marque solo lo cierto: en la entrada pueden pedirlo. Si el trabajo no pide nada, no hace falta.
about-name = Nombre
about-name-hint = puede quedar vacío
about-papers = Tengo
about-tongues = Hablo
about-go = Guardar
consent-what = Este quiosco guarda su número, su nombre y su fecha de nacimiento, su PIN como suma de control y lo que marcó. Todo cerrado con llave y solo en esta máquina.
consent-who = Sirve para buscarle trabajo, dejarlo entrar y avisarle de cambios. No se da a nadie. Sin publicidad.
consent-end = Puede pedir que se borre aquí cuando quiera.
consent-go = De acuerdo, inscríbame

# El final
erase-title = Borrarme
erase-gone = Se borra: nombre, número, fecha de nacimiento, PIN, tarjeta y lo que marcó. Aquí enseguida, en los otros quioscos de la región cuando lo sepan. No se puede deshacer.
erase-stays = Queda: que hubo un lugar tomado, con una clave sin nombre. Con ella se cuentan lugares y pago.
erase-shifts = Los turnos que tiene siguen siendo suyos, con sus seis cifras. Si no puede venir, devuélvalos antes: ya nadie podrá avisarle.
erase-go = Borrarme para siempre
erased-title = Borrado
erased-here = Lo que esta máquina sabía de usted ya no está. Los otros quioscos de la región lo siguen cuando lo sepan.
erased-stays = Los lugares que tenía se guardan con sus seis cifras, sin nombre.

# Un código al teléfono
code-link = Código a mi teléfono
code-why = ¿Sin tarjeta, olvidó el PIN? Un código va a su teléfono. Después puede elegir otro PIN.
code-sent = Un mensaje con seis cifras va camino a su teléfono.
code-again = No llegó: mándelo otra vez
code-no-line = La línea está cortada: ahora no se puede mandar un código. La tarjeta y el PIN funcionan sin ella
step-code = Las seis cifras de su teléfono
step-code-hint = vale 5 minutos
step-code-wrong = Esas no son las cifras que se mandaron
step-code-over = Ese código ya no vale. Pida otro
step-codes-many = { $n ->
    [one] Ya se mandaron bastantes códigos. Espere un minuto
   *[other] Ya se mandaron bastantes códigos. Espere { $n } minutos
    }

a-seats-open = Puestos / cerrar
a-seats-title = Puestos de este turno
a-seats-label = Número de puestos
a-seats-lowest = { $n ->
    [one] 1 como mínimo
   *[other] { $n } como mínimo: tantos están confirmados
    }
a-seats-change = Cambiar el número de puestos
a-seats-below = { $n ->
    [one] Hay 1 confirmado; el mínimo posible es 1
   *[other] Hay { $n } confirmados; el mínimo posible es { $n }
    }
a-bump-means = { $n ->
    [one] Para llegar a { $m }, quien se inscribió al final pierde su puesto; el boleto dirá que se redujo el turno. No se puede deshacer.
   *[other] Para llegar a { $m }, las { $n } personas que se inscribieron al final pierden su puesto, y quien ya llegó después de las demás; sus boletos dirán que se redujo el turno. No se puede deshacer.
    }
a-bump-go = { $n ->
    [one] Terminar el último puesto
   *[other] Terminar los últimos { $n } puestos
    }
a-seats-range = Escriba un número de 1 a { $n }
a-seats-no-line = Esto necesita la línea con la central; no se cambió nada. Las inscripciones siguen
a-seats-no-answer = La central no respondió a tiempo. Mire el número dentro de un minuto antes de probar otra vez
a-seats-closed = Este turno está cerrado
a-done-cap = { $n ->
    [one] Hecho: el turno tiene ahora un puesto
   *[other] Hecho: el turno tiene ahora { $n } puestos
}
a-done-closed = Hecho: el turno está cerrado y se avisa a todos los que estaban en él
a-seats-back = Volver al turno
a-close-title = Cerrar el turno
a-close-means = Nadie más puede inscribirse. A quien tiene puesto o espera ({ $n } confirmados, { $m } en fila) se le avisa de que no hay turno. No se puede deshacer.
a-close-means-nobody = Nadie más puede inscribirse. No se puede deshacer.
a-close-go = Cerrar el turno
