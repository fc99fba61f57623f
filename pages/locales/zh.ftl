### 自助机上的话。短，像说话，用“您”。先说定了什么，再说现在做什么。
### $n 是数目，$a $b 是名字、时间、号码。可以用 <b>。

language-name = 中文
language-tag = zh-CN
language-direction = ltr
lang-start = 开始找活
lang-short = 中
hall-kiosk = { $a } 号机
date = { $m }月{ $d }日 { $w ->
    [1] 周一
    [2] 周二
    [3] 周三
    [4] 周四
    [5] 周五
    [6] 周六
   *[7] 周日
    }
today = 今天
tomorrow = 明天
night = 夜班
any-day = 不限日子
hours = <b>{ $a }</b> 到 { $b }
hours-next-day = <b>{ $a }</b> 到 次日 { $b }

tool-big = 大字
tool-mine = 我的
tool-help = 帮忙
tool-home = 回首页
back = 返回
skip-to-jobs = 直接看内容
listen = 听一听

foot-ok = 一切正常
foot-in-step = { $n ->
    [0] 刚收到中心的消息
   *[other] { $n } 分钟前收到中心的消息
    }
foot-cut-title = { $n ->
    [0] 刚和中心断线
   *[other] 和中心断线 { $n } 分钟
    }
foot-cut = { $n ->
    [0] 刚和中心断线
   *[other] 和中心断线 { $n } 分钟
    }，这里能定的照样能定
foot-cut-still = 这里能定的照样能定
foot-frozen-title = 这里不能报名
foot-frozen-do = 请用别的机器
foot-alone-title = 还没和中心连上
foot-alone = 还没和中心连上，这里能定的照样能定

idle-title = 还在用吗？
idle-means = 不用就清屏，票已经存好
idle-stay = 还在用

synthetic-short = 演示数据，由程序生成
synthetic-long = 班次和工钱是演示数据，由程序生成，不是真的招工。
redated-mark = 旧招工
redated-short = 以前的真招工，日子和钟点是编的
redated-long = 这是以前的真招工，不是现在的，日子和钟点是编的。

start-sample = 分拣员
attract-best = 现在工钱最高的
attract-next = 最近的一个活开始
attract-promise = 定了就是定了，一个位子不会给两个人
attract-touch = 点一下，开始找活

start-title = 找今天的活
start-now = 个活，现在当场能定
start-none = 现在没有当场能定的，可以排队
start-size = 字要多大？
start-normal = 普通
start-touch = 点一下就开始

near-title = 附近的活
soonest-title = 最早开始的活
soonest-means = 当场能定的在前，再按开始时间排：这台机器不知道自己在哪
count-today = 今天 { $n } 个
count-tomorrow = 明天 { $n } 个
count-any = 不限日子，{ $n } 个
count-night = 夜班 { $n } 个
count-within = （{ $n } 公里内，或没标位置）
count-here = { $n } 个当场能定
filters = 筛选
filter-here = <span class="more">只看</span>当场能定
search-label = 找什么活
search-hint = 找活，如 分拣
search-go = 找
search-clear = 不筛了，看全部
offer-here = 当场<wbr>能定
offer-ask = 要问<wbr>中心
offer-queue = 可以<wbr>排队
offer-nothing = 本机<wbr>不行
per-shift = 一班 { $n } 小时
per-hour = 每小时
per-day = 一天
perk-pay = 日结
perk-meal = 包餐
perk-bed = 包住
perk-night = 夜班
walk = 走 <b>{ $n }</b> 分钟
ride = <b>{ $n }</b> 公里
seats-left = 余 <b>{ $n }</b>
seats-everywhere = 各处共 { $n }，
seats-elsewhere = 别处余 <b>{ $n }</b>
seats-full = <b>满了</b>
seats-waiting = { $n } 人在排，
pager-back = 上一页
pager-next = 下一页
pager-at = 第 { $n } 页，共 { $a } 页
note-cut = { $n ->
    [0] 和中心的线刚断
   *[other] 和中心的线断了，{ $n } 分钟了
    }
note-cut-means = 标着“当场能定”的活照样能定。
note-stale = 别处的位子数是 { $n } 分钟前的
note-stale-means = 这台机器上的位子是准的。
note-widened = { $n ->
    [0] { $a } 公里内没有
   *[other] { $a } 公里内只有 { $n } 个
    }
note-widened-means = 已经放宽到 { $a } 公里，有 { $n } 个。
heard = { $a } 的数
heard-once = 上次听说的数
empty-title = 没有了
empty-narrowed = 这样找没有。少选一样试试。
empty-tomorrow = 看明天
empty-any = 看所有日子的
empty-next = 最近的一个：{ $a } { $b } 开始
empty-none-ahead = 以后的也还没有。过一会儿再来看看。
empty-none-here = 没有当场能定的
empty-others = 另外有 { $n } 个，可以排队或者问中心。
empty-see-others = 看这些活
none-today = 今天没有活了
none-tomorrow = 明天没有活
none-night = 今晚明晚没有夜班
none-any = 现在没有活
all-taken = 都招满了
all-taken-means = 可以排队，有人退就按号轮。

find-title = 想干什么活？
find-short = 工种
find-all = 全部
find-words = 招工里常写的
find-none = 这个时间没有，换一天看看。
kind-cleaning = 保洁
kind-construction = 建筑
kind-delivery = 配送
kind-factory = 工厂
kind-farming = 农活
kind-kitchen = 后厨
kind-loading = 装卸
kind-moving = 搬运
kind-packing = 打包
kind-retail = 门店
kind-security = 保安
kind-serving = 服务员
kind-sorting = 分拣
kind-warehouse = 仓库
kind-other = 别的活

job-wrote = 招工写的：{ $a }
job-hourly = 每小时 { $a }{ $n }
job-paid-today = 做完当天给钱
job-here = 这里还有 <b>{ $n }</b> 个位子
job-elsewhere = 别处还有 <b>{ $n }</b> 个位子
job-queue-now = 满了，现在 <b>{ $n }</b> 人在排
job-everywhere = 各处共 { $n } 个，
job-starts-in = { $n } 分钟后开始
job-starts-in-hours = 大约 { $n } 小时后开始
job-walk = 走 { $n } 分钟
job-ride = 离这里 { $n } 公里
job-map = 从市场往{ $a }，{ $b }
map-title = 在哪里：市场在中间，上面是北
ring-minutes = 走 { $n } 分钟
ring-km = { $n } 公里
north = 北
dir-n = 北
dir-ne = 东北
dir-e = 东
dir-se = 东南
dir-s = 南
dir-sw = 西南
dir-w = 西
dir-nw = 西北
metres = { $n } 米
kilometres = { $a } 公里
job-bring = 带上这些
bring-id = 身份证
bring-shoes = 包脚的鞋
bring-water = 水
bring-gloves = 手套
bring-health = 健康证
meal-bed = 包餐，也包住
meal-no-bed = 包餐，不包住
bed-no-meal = 包住，不包餐
no-meal-no-bed = 不包餐，不包住
job-employer = { $a }招人
job-want = 我要这个活
job-ask = 报上去，等回话
job-queue = 我要排队
job-after-want = 下一步填手机号，马上给您票
job-after-ask = 下一步填手机号。回话了才算定
job-after-queue = 下一步填手机号。有人退，按号轮，在“我的”里看结果
job-after-queue-seniority = 下一步填手机号。有人退，先给在这家干得最久的人，在“我的”里看结果
job-after-queue-draw = 下一步填手机号。空位{ $a } { $b } 抽签，在“我的”里看结果
job-closed = 这个活不招了
job-see-others = 看别的活

signup-title = 报名
signup-step = 第 1 步，共 2 步
signup-held = 位子先留给您，到 <b>{ $a }</b>
signup-phone = 手机号
signup-phone-hint = { $n } 位数字
signup-phone-hint-world = { $a } 到 { $b } 位数字，前面加国家号
pad = 数字键
pad-del = 删一个
pad-clear = 清空
signup-why = 只用来留位子和退位子。存的是暗码；登记过的人，号码也上锁存着。不发广告。
signup-missing = 还差 { $n } 位数字
signup-missing-some = 填好手机号
signup-go = 定下来
signup-go-ask = 报上去
signup-go-queue = 排上队
signup-deciding = 正在定，请等一下
signup-phone-wrong-china = 号码不对。手机号是 11 位数字，1 开头
signup-phone-wrong-america = 号码不对。电话号码是 10 位数字
signup-phone-wrong-world = 号码不对。加上国家号，一共 7 到 15 位数字
signup-again = 这个手机号已经报过这个活
signup-again-see = 看看那张票
signup-closed = 这个活刚刚不招了
too-many = 按得太快了，歇一分钟再试。

crew-title = 一起报名
crew-link = 几个人一起
crew-list = 名单
crew-why = 要么都有位子，要么都不占。2 到 10 个人，只显示后四位。
crew-add = 加上
crew-who = 把卡放到扫码器上，或按手机号
crew-you = 您
crew-card = 用卡
crew-drop = 从名单上去掉第
crew-go = { $n } 个人一起定
crew-few = 至少 2 个人
crew-size = 一起报名是 2 到 10 个人
crew-twice = 这一位已经在名单上
crew-again = 名单上第 { $n } 个已经报过这个活
crew-unfit = 名单上第 { $n } 个：
crew-short = { $n ->
    [0] { $a } 个人，这里现在一个也定不了
   *[other] { $a } 个人里，这里现在只能定 { $n } 个
    }
crew-short-do = 一个位子也没占。可以去掉几个人，也可以各报各的：没位子的排队。
crew-alone = 各报各的
crew-all = { $n } 个人都定了
crew-kept = 给各位留了 { $n } 个位子，还没最终定
crew-some = { $n } 张票，请一张一张看

ticket-confirmed = 定了
ticket-confirmed-means = 这个位子是您的
ticket-provisional = 先给您留着，还没最终定
ticket-provisional-means = 中心收到才算定，最晚 { $a }
ticket-provisional-said = 中心收到才算定
ticket-confirmed-frozen-means = 这是本机最后知道的。请到别的机器或办公室核对
ticket-waiting = 在排队
ticket-waiting-means = 您排第 { $n }。还没定，先别去
ticket-waiting-here-means = 您在这台机器上排第 { $n }。还没定，先别去
ticket-in-line-means = 在排队，这台机器还不知道第几位。还没定，先别去
ticket-draw = 等抽签
ticket-draw-means = { $a } { $b } 抽签。还没定，先别去
ticket-requested = 已报，等回话
ticket-requested-means = 还没定，先别去。不用再报
ticket-cancelled = 已退掉
ticket-cancelled-means = 位子让给别人了
ticket-left-line-means = 不排队了，也没有给您留位子
ticket-bumped = 取消了
ticket-bumped-means = 招工减了人，您的位子没了。对不起
ticket-closed-means = 这个活招工取消了。对不起
ticket-twice-means = 同一时间您已有另一个位子，那个还是您的
ticket-not-there-means = 到点您还没到，位子给了后面排队的人
ticket-employer-means = 招工取消了您的这个位子。对不起
ticket-rule-means = 轮到您了，但按规定您不能做这个活，比如两个班之间休息不够。您已不在队里
ticket-unfit-means = 轮到您了，但这个活的要求您不符合。您已不在队里
ticket-void-means = 给您定位子的机器丢了，位子没了。对不起。再报一次，您排最前面
ticket-giving-back = 正在退
ticket-giving-back-means = 正在告诉定位子的那台机器
next-giving-back = 不用再做什么，过会儿用您的号再查
ticket-code = 您的号
ticket-keep = 拍下来或抄下来。这里的机器都能查。
ticket-keep-print = 拍下来，或打印出来。这里的机器都能查。
ticket-qr = 票的二维码
next-be-there = <b>{ $a } 前到</b>
next-be-there-walk = <b>{ $a } 前到</b>，走过去要 { $n } 分钟
next-be-there-ride = <b>{ $a } 前到</b>，离这里 { $n } 公里
next-show = 带身份证，到门口出示这张票
next-ahead = { $n ->
    [0] 前面没有人。有人退，就轮到您
   *[other] 前面还有 { $n } 个人。有人退，就轮到下一个
    }
next-recount = 线通了，再按全部人算
next-seniority = 在这家干得久的人排前面，您的号可能往后移
next-draw = 抽签以前，空位谁也不给。怎么抽的，谁都能查
next-your-turn = 轮到您，票上就变成“定了”。过一会儿在“我的”里看
next-others = { $n ->
    [0] 别的活也可以看看
   *[other] 这会儿还有 { $n } 个活当场能定，可以先看
    }
next-no-need = 在等中心回话，不用再报
next-kept = 出门前，在这里输号再看一下这张票
next-look-up = 过几分钟，在这里输号看结果
next-do-not-go = 不用去了。这不是您的错
ticket-others = 看当场能定的
ticket-again = 再报这个活
ticket-print = 打印票
print-crew = 全部打印
print-card = 打印卡
print-under-way = 正在打印，请在下面取。没出来？
print-failed = 打印机没有打出来。
print-often = 已经打印过几次了。
print-photo = 请拍下这个号。
print-photo-crew = 请拍下每个人的号。
print-photo-card = 请拍下这张卡。
slip-printed = { $a } 打印
slip-look = 以后有没有变，拿这个号在这里的机器上查。
slip-sample = 样张
slip-sample-means = 这张不是票，不算数。
slip-sample-about = 能看清这行字，二维码能扫出来，打印机就调好了。
ticket-done = 好了，下一位
ticket-saved = 票已经存好
ticket-give-back = 来不了，要退

give-back-title = 来不了，要退
give-back-phone = 报名用的手机号
give-back-wrong = 和报名的手机号对不上，请再看一下
give-back-why = 要用报名的手机号才能退。
give-back-go = 退掉这个活

mine-title = 我的票
mine-ask = 输入票上的 6 位号
mine-missing = 还差 { $n } 位数字
mine-missing-some = 输入 6 位号
mine-go = 看票
mine-over = 那张票已经关上了。输 6 位号再看。
mine-short = 号是 6 位数字
mine-unknown = 这里没有这个号。看一下有没有按错；在别的机器刚报的，过几分钟再查。
too-many-guesses = 按错的号太多了，歇一分钟再输。票没有丢。

help-title = 怎么用
help-colours = 三种颜色
help-here = 绿色，打勾：现在定，马上算数。
help-ask = 蓝色，沙漏：要问中心，回话了才算定。
help-queue = 排队：满了。有人退，按号轮。
help-cut = 断线了怎么办
help-cut-means = 绿色的照样能定，不会一个位子给两个人。
help-lost = 票丢了
help-lost-means = 点“我的”，输 6 位号，票还在。
help-privacy = 我的手机号
help-privacy-means = 只用来留位子和退位子。存的是暗码；登记过的人，号码也上锁存着。
help-person = 找人帮忙
help-call = 打电话 <b>{ $a }</b>
help-desk = 大厅里：<b>{ $a }</b>

broken-title = 这台机器现在不能报名
broken-still = 还能用的
broken-can-list = 看活
broken-can-find = 查票
broken-nothing = 请用大厅里别的机器，或去办公室。
broken-operator = 给管理员看的
broken-safe = 票请收好，到大厅里别的机器或办公室给人看：以中心知道的为准。

error-not-found = 没有这一页
error-not-found-do = 可能是地址旧了。从头看就行。
error-closed = 这个活不招了
error-closed-do = 看看别的，附近还有。
error-busy = 请等一下
error-shared-digits = 有两张票是这六位数字
error-shared-digits-do = 请扫票上的二维码，或者找现场的负责人。
error-foreign = 请用这台机器上的页面
error-foreign-do = 这张表是从别的网页发来的，没有收。从活的单子重新报一次。
error-broken = 出了点问题
error-broken-do = 不是您的错。回到活的单子再试一次；已经定了的都算数。

hours-confirm = 工时 { $a }，点这里确认
hours-agreed = 工时 { $a }，您确认过了
hours-differ = 您写的工时 { $a }，招工写的 { $b }，点这里改
hours-title = 确认工时
hours-gate = 门口记的：{ $a } 到 { $b }
hours-less = − 15 分钟
hours-more = ＋ 15 分钟
hours-why = 要用报名的手机号才能确认。和招工写的不一样也可以，两边都会看到。
hours-go = 就是 { $a }
