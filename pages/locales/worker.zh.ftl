### 活对人的要求，和工友自己的资料。

signup-overlap = 这个时间您已经定了一个活，看看那张票
lack-profile = 这个活要看年龄、证件或语言。先登记一次，再来报名
lack-age = 这个活有年龄要求，您的年龄不够
lack-born = 这个活有年龄要求，这里没有您的生日。可以在“我的活”里删掉登记，再登记一次并填上生日，或者看看别的活
lack-certificate = 这个活要有{ $a }，您的资料里没有
lack-language = 这个活要会{ $a }，您的资料里没有
lack-distance = 这个地方比您愿意去的远
lack-overlap = 这个时间已经定了另一个活
lack-rule-unanswered = 有一条规定现在查不了，没有报上名。请稍后再试，或到服务台问问
job-asks = 要求
demand-age = { $n } 岁以上
demand-language = 会{ $a }

# Messages to a worker's phone
message-confirmed = 轮到您了，位子是您的：{ $title }，{ $start }，{ $place }。票号 { $code }。不来请先退掉。
message-cancelled = 您的位子没有了：{ $title }，{ $start }。请别去。票号 { $code }，到机器上看原因和别的活。
message-changed = 时间或地点改了：{ $title }，现在是 { $start }，{ $place }。票号 { $code }。
message-code = { $hall } 验证码 { $code }，五分钟内有效，谁也别告诉。

# Who one is
tool-next = 下一位
scan-card = 有工友卡？放到扫码器上
scan-other = 没有卡
mine-me = 用卡或密码
me-who = 您是哪位？
me-why = 只为给您看您自己的东西。您一走，屏幕就忘掉。
me-prove-why = 卡说明您是谁，密码证明是您本人。
step-who = 把卡放到扫码器上，或按手机号
step-pin = 您的密码
step-pin-hint = 4 到 8 位数字
step-new-pin = 自己定一个密码
step-again = 密码再按一遍
step-born = 出生日期
step-born-hint = 年月日，如 1990 05 17，只写年也行
step-go = 下一步
step-card-wrong = 这台机器不认识这张卡。卡、号码和密码在您登记的那台机器上用；在这里用号码报名，或者登记
step-pin-wrong = 密码是 4 到 8 位数字
step-pin-plain = 这个密码别人最先猜到。别用 1234、0000 这样的
step-again-wrong = 两遍不一样，请再按一遍
step-born-wrong = 请按年，如 1990，或年月日，如 1990 05 17
step-unproved = 号码和密码在这里对不上。请都看一遍；第一次来请先登记
enrol-unproved = 这个号码可能已经在这里登记过，用的是别的密码。报名只用号码就行
step-too-many = 错得太多了，请等 { $n } 分钟
signup-known = 这里认得您，不用按号码。按下面的大按钮就行。
lack-log-in = 说明我是谁

# A worker's own page
me-title = 我的活
me-more = 找活
me-none = 您现在没有活。
me-mine = 我的东西
me-gate = 到门口出示
me-ticket = 看这张票
me-in = { $a } 到岗
me-left = { $a } 到 { $b }，看工时
me-waiting = 排第 { $n }，还没定
done-pin = 密码改好了
done-about = 记下了
done-known = 您以前登记过，什么也没改

# The card
card-link = 换一张新卡
card-title = 您的工友卡
card-qr = 卡的二维码
card-keep = 请拍下来。
card-keep-print = 请拍下来，或打印出来。
card-use = 放到这台机器的扫码器上，在这里就不用按号码了。
card-says = 卡只说明您是谁，密码才打开您的东西，谁也别告诉。
card-lost = 丢了？到这里做张新的，旧的就作废。
card-once = 只显示这一次，随时能做新的
card-idle = 不在的话，卡就从屏幕上消失
card-new-means = 会做一张新卡，只显示一次。手里那张就作废了。
card-new-go = 做一张新卡

# The PIN
pin-title = 改密码
pin-why = 密码打开您自己的东西。别用生日，别用别人见过的。

# What jobs ask of people
enrol-title = 登记
enrol-link = 我第一次来
enrol-why = 在这台机器登记一次，有卡有密码，以后在这里报名不用按号码。
born-why = 有的活要看年龄。不想说可以不填。
about-title = 我的资料
about-why = 有什么勾什么，进门时可能要看证件。没要求的活用不着这些。
about-name = 姓名
about-name-hint = 可以不填
about-papers = 我有
about-tongues = 我会说
about-go = 记下来
consent-what = 这台机器会记下您的号码、姓名、生日、密码的校验码和您勾的内容，都上了锁，只在这台机器里。
consent-who = 只用来给您找活、进门、通知变动。不给别人，不发广告。
consent-end = 随时可以在这里全部删掉。
consent-go = 我同意，登记

# The end of it
erase-title = 删掉我的资料
erase-gone = 会删掉：姓名、号码、生日、密码、卡和您勾的内容。这里马上删，本地区其他机器一得到消息就删。删了找不回来。
erase-stays = 会留下：某个位子有人占过，只有代号，没有名字。算位子和工钱要用。
erase-shifts = 已经定的活还是您的，凭六位数字。不来请先退掉：删了以后没法再通知您。
erase-go = 全部删掉
erased-title = 已经删掉
erased-here = 这台机器里您的资料没有了。本地区其他机器一得到消息就跟着删。
erased-stays = 您的位子还凭六位数字留着，没有名字。

# A code to the phone
code-link = 手机验证码
code-why = 没带卡，忘了密码？发个验证码到您手机，再定一个新密码。
code-sent = 六位数字的短信正在发到您手机。
code-again = 没收到，再发一次
code-no-line = 线路断了，现在发不了验证码。卡和密码不用线路也能用
step-code = 手机收到的六位数字
step-code-hint = 5 分钟内有效
step-code-wrong = 和发出的数字不一样
step-code-over = 这个验证码过期了，请再发一个
step-codes-many = 发得够多了，请等 { $n } 分钟
