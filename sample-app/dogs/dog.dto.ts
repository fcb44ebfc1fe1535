import { IsNotEmpty, IsString, MaxLength } from 'class-validator';

export class RegisterDogDto {
  @IsString()
  @IsNotEmpty()
  @MaxLength(100)
  name: string;
}

export class AddTrickDto {
  @IsString()
  @IsNotEmpty()
  @MaxLength(100)
  trick: string;
}
