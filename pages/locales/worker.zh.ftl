### 活对人的要求，和工友自己的资料。

signup-overlap = 这个时间您已经定了一个活，看看那张票
lack-profile = 这个活要看年龄、证件或语言。先登记一次，再来报名
lack-age = 这个活有年龄要求，您的年龄不够，或者没登记生日
lack-certificate = 这个活要有{ $a }，您的资料里没有
lack-language = 这个活要会{ $a }，您的资料里没有
lack-distance = 这个地方比您愿意去的远
job-asks = 要求
demand-age = { $n } 岁以上
demand-language = 会{ $a }

# Messages to a worker's phone
message-confirmed = 轮到您了，位子是您的：{ $title }，{ $start }，{ $place }。票号 { $code }。不来请先退掉。
message-cancelled = 您的位子没有了：{ $title }，{ $start }。请别去。票号 { $code }，到机器上看原因和别的活。
message-changed = 时间或地点改了：{ $title }，现在是 { $start }，{ $place }。票号 { $code }。
